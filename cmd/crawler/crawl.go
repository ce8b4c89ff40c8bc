package main

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/polite"
	"mirrortracker/internal/process"
	"mirrortracker/internal/program"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type crawlCommand struct {
	Sites []string `arg:"" optional:"" sep:"none" name:"name" help:"Names or URLs of sites. Default: all but those that are known from other trackers."`
	All   bool     `help:"Show all problems, not only ten of each site."`
}

func (crawlCommand) Help() string {
	return "Progress is shown while it goes on. A crawl that is interrupted goes on where it was when it is started again. Schedules, hours and pauses do not count.\n\n" +
		program.Examples("crawler crawl", "crawler crawl gnu kernel", "crawler crawl ftp://ftp.gnu.example/gnu/ --json")
}

// logInterval is the time between progress lines where nothing is drawn.
const logInterval = 10 * time.Second

// shownProblems is how many problems of a site are shown unless all are wanted.
const shownProblems = 10

// An outcome is what came of the crawl of one site.
type outcome struct {
	site   mirror.Site
	report crawl.Report
	err    error
	broken bool // whether it was interrupted
	before bool // whether there was a snapshot before
	took   time.Duration
}

// Run crawls the sites, several at a time.
func (c *crawlCommand) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	sites, err := s.named(c.Sites)
	if err != nil {
		return err
	}
	if sites, err = ours(sites, len(c.Sites) > 0); err != nil {
		return err
	}
	outcomes, err := s.crawlAll(sites)
	if err != nil {
		return err
	}
	if err := s.print(outcomes, c.All); err != nil {
		return err
	}
	return exit(outcomes)
}

// ours returns the sites that are crawled here. One that is wanted by name and is not is
// an error.
func ours(sites []mirror.Site, named bool) ([]mirror.Site, error) {
	own := slices.DeleteFunc(slices.Clone(sites), func(s mirror.Site) bool { return s.Learnt })
	for _, site := range sites {
		if site.Learnt && (named || len(own) == 0) {
			return nil, ui.Hint(fmt.Errorf("site %s is known from other trackers, and is not crawled here", site.Name),
				"crawler site add "+site.Name+" "+site.URL.String()+" makes it one that is")
		}
	}
	return own, nil
}

// exit is the worst of the outcomes.
func exit(outcomes []outcome) error {
	worst := error(nil)
	for _, o := range outcomes {
		switch {
		case o.suspect() != nil:
			worst = ui.ErrSuspect
		case o.err != nil:
			return ui.ErrFailed
		case o.report.Incomplete > 0 && worst == nil:
			worst = ui.ErrIncomplete
		}
	}
	return worst
}

// crawlAll crawls sites and returns what came of each, in their order.
func (s *session) crawlAll(sites []mirror.Site) ([]outcome, error) {
	snapshots, err := s.Store.Current(s)
	if err != nil {
		return nil, err
	}
	pacer := polite.New(s.Config.Crawl.PerHost, net.DefaultResolver.LookupNetIP)
	progress := s.Progress(s.Log, logInterval)
	outcomes := make([]outcome, len(sites))
	var group errgroup.Group
	group.SetLimit(s.Config.Crawl.Parallel)
	for i, site := range sites {
		group.Go(func() error {
			began := time.Now()
			line := progress.Line(s, site.Name)
			report, err := s.crawl(s, order{site: site, settings: &s.Config.Crawl, pacer: pacer, line: line})
			before := slices.ContainsFunc(snapshots, func(p store.Snapshot) bool { return p.Site == site.ID() })
			outcomes[i] = outcome{site, report, err, err != nil && s.Err() != nil, before, time.Since(began)}
			line.Watch(outcomes[i].far)
			line.End(outcomes[i].message(), outcomes[i].word())
			return nil
		})
	}
	group.Wait()
	progress.End()
	return outcomes, nil
}

// totals are what was found on the site, its own directory not counted; or how far the
// crawl came.
func (o *outcome) totals() digest.Totals {
	switch doubted := o.suspect(); {
	case doubted != nil:
		return doubted.Suspect.Totals
	case o.err != nil:
		return digest.Totals{Dirs: o.report.Dirs + o.report.Reused, Files: o.report.Files}
	}
	return o.report.Snapshot.Totals
}

// far is what of it the last line of the progress shows.
func (o *outcome) far() ui.Far {
	found := o.totals()
	return ui.Far{Dirs: found.Dirs, Files: found.Files}
}

// message says in the log what happened.
func (o *outcome) message() string {
	if o.err != nil {
		return "not crawled"
	}
	return "crawled"
}

// suspect is why what was found is set aside, nil if it is not.
func (o *outcome) suspect() *crawl.SuspectError {
	doubted, _ := errors.AsType[*crawl.SuspectError](o.err)
	return doubted
}

// word says how it ended.
func (o *outcome) word() string {
	held := (*store.LeaseHeldError)(nil)
	switch {
	case errors.As(o.err, &held):
		return "busy"
	case o.suspect() != nil:
		return store.OutcomeSuspect
	case o.broken:
		return store.OutcomeInterrupted
	case o.err != nil:
		return store.OutcomeFailed
	case o.report.Incomplete > 0:
		return "incomplete"
	}
	return "complete"
}

// explain is the error with what could be done about it.
func (o *outcome) explain() error {
	if o.broken {
		force := "the site has no snapshot yet"
		if o.before {
			force = "the snapshot before it stays in force"
		}
		return ui.Hint(fmt.Errorf("crawl %s: interrupted; %s", o.site.Name, force),
			"crawler crawl "+o.site.Name+" goes on where it was")
	}
	if held := (*store.LeaseHeldError)(nil); errors.As(o.err, &held) {
		return ui.Hint(fmt.Errorf("crawl %s: it is being crawled by %s", o.site.Name, process.Short(held.Owner)),
			"wait until that ends; if it was killed, until "+held.Until.UTC().Format("15:04:05")+" UTC, when its lease expires")
	}
	err := fmt.Errorf("crawl %s: %w", o.site.Name, o.err)
	if o.suspect() != nil {
		return ui.Hint(err, "crawler crawl "+o.site.Name+" again confirms it, if it finds the same",
			"crawler suspect accept "+o.site.Name+", or crawler suspect drop "+o.site.Name)
	}
	return err
}

// print writes the table of outcomes, and then what else there is to say of each.
func (s *session) print(outcomes []outcome, all bool) error {
	if s.Flags.JSON {
		return s.printJSON(outcomes)
	}
	rows := make([][]any, len(outcomes))
	for i, o := range outcomes {
		r, found := o.report, o.totals()
		rows[i] = []any{o.site.Name, ui.Number(found.Dirs), ui.Number(found.Files), ui.Volume(found.Bytes),
			ui.Number(r.Incomplete), ui.Number(r.NewTrees), ui.Time(o.took), o.word()}
	}
	err := s.Table([]string{"site", "directories", "files", "bytes", "incomplete", "new trees", "time", "outcome"}, rows)
	if err := errors.Join(err, s.Flush()); err != nil {
		return err
	}
	for _, o := range outcomes {
		if why := o.report.Restart; why != "" {
			fmt.Fprintf(s.Console(), "%s: the walk began again: %s\n", o.site.Name, ui.Printable(why))
		}
		if o.err != nil {
			s.Report(s.Name, o.explain())
			continue
		}
		printProblems(s.Env, o.site.Name, o.report.Problems, o.report.Incomplete, all)
	}
	return nil
}

// printProblems writes the directories that are incomplete to standard error;
// total is how many there are, of which problems are the first.
func printProblems(env *ui.Env, site string, problems []crawl.Problem, total int64, all bool) {
	shown := problems
	if !all {
		shown = shown[:min(len(shown), shownProblems)]
	}
	for _, p := range shown {
		path := p.Path.Dir()
		if env.ErrTerm {
			path = ui.Printable(path)
		}
		fmt.Fprintf(env.Console(), "%s: incomplete (%s): %s: %s\n", site, p.Reason, path, ui.Printable(p.Detail))
	}
	if more := total - int64(len(shown)); more > 0 {
		hint := ""
		if !all {
			hint = "; --all shows them"
		}
		fmt.Fprintf(env.Console(), "%s: and %s%s\n", site, human.Plural(more, "more incomplete directory", "more incomplete directories"), hint)
	}
}

type outcomeJSON struct {
	Site        string        `json:"site"`
	Outcome     string        `json:"outcome"`
	Error       string        `json:"error,omitempty"`
	Restarted   string        `json:"restarted,omitempty"` // why the walk began again
	Listing     string        `json:"listing,omitempty"`   // how it was listed
	Snapshot    int64         `json:"snapshot,omitempty"`  // its number
	Directories int64         `json:"directories"`
	Files       int64         `json:"files"`
	Bytes       int64         `json:"bytes"`
	Incomplete  int64         `json:"incomplete"`
	NewTrees    int64         `json:"new_trees"`
	Seconds     float64       `json:"seconds"`
	Problems    []problemJSON `json:"problems"`
}

type problemJSON struct {
	Path   string `json:"path"` // escaped as in a URL
	Reason string `json:"reason"`
	Detail string `json:"detail"`
}

func (s *session) printJSON(outcomes []outcome) error {
	all := make([]outcomeJSON, len(outcomes))
	for i, o := range outcomes {
		r, found := o.report, o.totals()
		all[i] = outcomeJSON{
			Site:        o.site.Name,
			Outcome:     o.word(),
			Restarted:   r.Restart,
			Listing:     r.Account,
			Snapshot:    r.Snapshot.Seq,
			Directories: found.Dirs,
			Files:       found.Files,
			Bytes:       found.Bytes,
			Incomplete:  r.Incomplete,
			NewTrees:    r.NewTrees,
			Seconds:     o.took.Seconds(),
			Problems:    make([]problemJSON, len(r.Problems)),
		}
		if o.err != nil {
			all[i].Error = o.err.Error()
		}
		for j, p := range r.Problems {
			all[i].Problems[j] = problemJSON{mirror.EscapePath(p.Path.Dir()), string(p.Reason), p.Detail}
		}
	}
	return s.JSON(all)
}
