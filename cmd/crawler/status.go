package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/process"
	"mirrortracker/internal/program"
	"mirrortracker/internal/standing"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type statusCommand struct {
	Events int `help:"Show instead so many of the last changes in health." placeholder:"N"`
}

func (statusCommand) Help() string {
	return `The first columns are about the snapshot in force, its root not counted; those from "last crawl" on about the last crawl:

  running             it goes on; how far it is stands in the last column
  published           it made the snapshot in force
  suspect             it found so little that it is set aside
  interrupted         it goes on where it was, as soon as it may
  failed              the site keeps the snapshot that it had
  learnt              other trackers crawl it; the last column says which

"next" is when "crawler run" may crawl the site with this configuration. "health" is how many of its URLs clients are sent to, over IPv4 and IPv6, as redirectors found them by checking. --events shows what changed about that. How sites were listed is told by --json.

` + program.Examples("crawler status", "crawler status --json", "crawler status --events 20")
}

// Run prints how all sites stand.
func (c *statusCommand) Run(a *program.App) error {
	if c.Events < 0 || c.Events > maxEvents {
		return ui.Misuse("--events is %d, must be from 1 to %d", c.Events, maxEvents)
	}
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	if c.Events > 0 {
		return showEvents(s, c.Events)
	}
	plan, err := planOf(&s.Config.Crawl)
	if err != nil {
		return err
	}
	now := time.Now()
	all, err := standing.Read(s, s.Store, plan, now)
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		shown := make([]siteJSON, len(all))
		for i := range all {
			shown[i] = jsonOf(&all[i], now)
		}
		return a.JSON(shown)
	}
	rows := make([][]any, len(all))
	for i := range all {
		rows[i] = row(a.Env, &all[i], now)
	}
	headings := []string{"site", "snapshot", "directories", "files", "bytes", "incomplete", "last crawl", "took", "outcome", "failures", "next", "health", "message"}
	if err := a.Table(headings, rows); err != nil {
		return err
	}
	if err := a.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.Console(), summary(all, now))
	return err
}

func row(env *ui.Env, s *standing.Site, now time.Time) []any {
	row := []any{s.Name, "-", "-", "-", "-", "-", "-", "-", "never crawled", "-", "now", health(s, now), ui.Rest(message(s, now))}
	if p := s.Snapshot; p != nil {
		copy(row[1:], []any{stamp(env, p.Finished, now), ui.Number(p.Dirs), ui.Number(p.Files), ui.Volume(p.Bytes), ui.Number(p.Incomplete)})
	}
	if t := s.Attempt; t != nil {
		copy(row[6:], []any{stamp(env, t.Started, now), ui.Time(took(t, now)), t.Outcome, ui.Number(t.Failures)})
	}
	switch {
	case s.Learnt && s.Attempt == nil:
		row[8], row[10] = "learnt", "-"
	case s.Learnt, s.Running():
		row[10] = "-"
	case s.Next.After(now):
		row[10] = stamp(env, s.Next, now)
	}
	return row
}

// took is how long a crawl took, or has taken so far.
func took(t *store.Attempt, now time.Time) time.Duration {
	end := t.Ended
	if end.IsZero() {
		end = now
	}
	return max(end.Sub(t.Started), 0).Truncate(time.Second)
}

// message says what else there is to know of a site.
func message(s *standing.Site, now time.Time) string {
	var all []string
	if s.Running() {
		t := s.Attempt
		far := fmt.Sprintf("%s, %s so far, by %s", human.Plural(t.Dirs, "directory", "directories"), human.Plural(t.Files, "file", "files"), cmp.Or(process.Short(t.Owner), "somebody"))
		if process.Gone(t.Owner) {
			far += ", which has ended"
		}
		all = append(all, far)
	}
	if s.Broken {
		all = append(all, "left alone for now")
	}
	if p := s.Snapshot; p != nil && p.Via != "" {
		all = append(all, "crawled by "+originOf(p))
	}
	if s.Suspect != nil {
		all = append(all, "suspect: "+s.Suspect.Reason)
	}
	if s.Attempt != nil && s.Attempt.Flapping != "" {
		all = append(all, "flapping: "+s.Attempt.Flapping)
	}
	if s.Attempt != nil && s.Attempt.Message != "" {
		all = append(all, s.Attempt.Message)
	}
	for _, h := range fresh(s, now) {
		if h.State == "down" || h.State == "stale" {
			all = append(all, fmt.Sprintf("%s over %s is %s: %s", h.URL, h.Family, h.State, h.Reason))
		}
	}
	return strings.Join(all, "; ")
}

// summary counts the sites.
func summary(all []standing.Site, now time.Time) string {
	counts := map[string]int{}
	for i := range all {
		s := &all[i]
		for what, is := range map[string]bool{
			"running":       s.Running(),
			"due":           s.Due(now),
			"learnt":        s.Learnt,
			"never crawled": s.Attempt == nil && !s.Learnt,
			"failing":       s.Failures() > 0,
			"left alone":    s.Broken,
			"suspect":       s.Suspect != nil,
			"flapping":      s.Attempt != nil && s.Attempt.Flapping != "",
			"down":          isDown(s, now),
		} {
			if is {
				counts[what]++
			}
		}
	}
	var parts []string
	for _, what := range []string{"running", "due", "learnt", "never crawled", "failing", "left alone", "suspect", "flapping", "down"} {
		if n := counts[what]; n > 0 {
			parts = append(parts, human.Count(int64(n))+" "+what)
		}
	}
	text := human.Plural(int64(len(all)), "site", "sites")
	if parts == nil {
		return text
	}
	return text + ": " + strings.Join(parts, ", ")
}

// A siteJSON is how one site stands.
type siteJSON struct {
	Site     string        `json:"site"`
	URL      mirror.URL    `json:"url"`
	Learnt   bool          `json:"learnt"`   // from other trackers, and not crawled here
	Snapshot *snapshotJSON `json:"snapshot"` // null if there is none
	Attempt  *attemptJSON  `json:"attempt"`  // null if there was none
	Suspect  *suspectJSON  `json:"suspect"`  // null if nothing is doubted
	Due      *time.Time    `json:"due"`      // null for now
	Broken   bool          `json:"left_alone"`
	Health   []healthJSON  `json:"health"`
}

type snapshotJSON struct {
	Number      int64     `json:"number"`
	Started     time.Time `json:"started"`
	Finished    time.Time `json:"finished"`
	Directories int64     `json:"directories"` // below the root
	Files       int64     `json:"files"`
	Bytes       int64     `json:"bytes"`
	Incomplete  int64     `json:"incomplete"`
	Origin      string    `json:"origin,omitempty"` // the tracker that crawled, where that was not this one
	Via         string    `json:"via,omitempty"`    // whose word it is
}

type attemptJSON struct {
	Outcome     string     `json:"outcome"`
	Started     time.Time  `json:"started"`
	Ended       *time.Time `json:"ended"`             // null while it runs
	Message     string     `json:"message,omitempty"` // what went wrong, or what is incomplete
	Owner       string     `json:"owner"`             // who crawls or crawled
	Listing     string     `json:"listing,omitempty"` // how
	Directories int64      `json:"directories"`       // listed or taken over, so far
	Reused      int64      `json:"reused"`            // of these, taken over from an interrupted crawl
	Files       int64      `json:"files"`             // seen
	NewTrees    int64      `json:"new_trees"`         // directories unlike any that was stored
	Updated     *time.Time `json:"updated"`           // when these numbers were true
	Failures    int        `json:"failures"`          // in a row
	Succeeded   *time.Time `json:"succeeded"`         // when one was published last; null for never
	Flapping    string     `json:"flapping,omitempty"`
	Since       *time.Time `json:"flapping_since,omitempty"`
}

type suspectJSON struct {
	Reason      string    `json:"reason"`
	Since       time.Time `json:"since"`
	Directories int64     `json:"directories"`
	Files       int64     `json:"files"`
	Bytes       int64     `json:"bytes"`
}

func jsonOf(s *standing.Site, now time.Time) siteJSON {
	shown := siteJSON{Site: s.Name, URL: s.URL, Learnt: s.Learnt, Broken: s.Broken, Health: healthJSONs(s.Health)}
	if p := s.Snapshot; p != nil {
		shown.Snapshot = &snapshotJSON{p.Seq, p.Started.UTC(), p.Finished.UTC(), p.Dirs, p.Files, p.Bytes, p.Incomplete, p.Origin, p.Via}
	}
	if t := s.Attempt; t != nil {
		shown.Attempt = &attemptJSON{
			Outcome:     t.Outcome,
			Started:     t.Started.UTC(),
			Ended:       known(t.Ended),
			Message:     t.Message,
			Owner:       process.Short(t.Owner),
			Listing:     t.Ways,
			Directories: t.Dirs,
			Reused:      t.Reused,
			Files:       t.Files,
			NewTrees:    t.NewTrees,
			Updated:     known(t.Updated),
			Failures:    t.Failures,
			Succeeded:   known(t.Succeeded),
			Flapping:    t.Flapping,
			Since:       known(t.FlappingSince),
		}
	}
	if d := s.Suspect; d != nil {
		shown.Suspect = &suspectJSON{d.Reason, d.Since.UTC(), d.Dirs, d.Files, d.Bytes}
	}
	if s.Next.After(now) {
		shown.Due = known(s.Next)
	}
	return shown
}

// known returns a time, or nil for the zero time.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
