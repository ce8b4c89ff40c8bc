package main

import (
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/program"
	"mirrortracker/internal/schedule"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type statusCommand struct{}

func (statusCommand) Help() string {
	return "A site whose last crawl failed keeps the snapshot that it had.\n\n" + program.Examples("crawler status", "crawler status --json")
}

// A standing is how one site stands.
type standing struct {
	Site     string        `json:"site"`
	Snapshot *snapshotJSON `json:"snapshot"` // null if there is none
	Attempt  *attemptJSON  `json:"attempt"`  // null if there was none
	Due      *time.Time    `json:"due"`      // null for at once
}

type snapshotJSON struct {
	Number      int64     `json:"number"`
	Started     time.Time `json:"started"`
	Finished    time.Time `json:"finished"`
	Directories int64     `json:"directories"` // below the root
	Files       int64     `json:"files"`
	Bytes       int64     `json:"bytes"`
	Incomplete  int64     `json:"incomplete"`
}

type attemptJSON struct {
	Outcome string     `json:"outcome"`
	Started time.Time  `json:"started"`
	Ended   *time.Time `json:"ended"`             // null while it runs
	Message string     `json:"message,omitempty"` // what went wrong, or what is incomplete
}

// Run prints how all sites stand.
func (statusCommand) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	all, err := s.standings()
	if err != nil {
		return err
	}
	if a.Flags.JSON {
		return a.JSON(all)
	}
	now := time.Now()
	rows := make([][]any, len(all))
	for i, one := range all {
		rows[i] = one.row(a.Env, now)
	}
	return a.Table([]string{"site", "snapshot", "directories", "files", "bytes", "incomplete", "last crawl", "outcome", "next", "message"}, rows)
}

func (one *standing) row(env *ui.Env, now time.Time) []any {
	row := []any{one.Site, "-", "-", "-", "-", "-", "-", "never crawled", "now", ""}
	if p := one.Snapshot; p != nil {
		copy(row[1:], []any{stamp(env, p.Finished, now), ui.Number(p.Directories), ui.Number(p.Files), ui.Volume(p.Bytes), ui.Number(p.Incomplete)})
	}
	if t := one.Attempt; t != nil {
		row[6], row[7], row[9] = stamp(env, t.Started, now), t.Outcome, ui.Rest(t.Message)
	}
	if one.Due != nil && one.Due.After(now) {
		row[8] = stamp(env, *one.Due, now)
	}
	return row
}

// standings puts together what the database says of every site.
func (s *session) standings() ([]standing, error) {
	sites, err := s.Store.Sites(s)
	if err != nil {
		return nil, err
	}
	snapshots, err := s.Store.Current(s)
	if err != nil {
		return nil, err
	}
	attempts, err := s.Store.Attempts(s)
	if err != nil {
		return nil, err
	}
	plan, err := s.plan()
	if err != nil {
		return nil, err
	}
	current := map[mirror.SiteID]*snapshotJSON{}
	for _, p := range snapshots {
		current[p.Site] = &snapshotJSON{p.Seq, p.Started.UTC(), p.Finished.UTC(), p.Dirs, p.Files, p.Bytes, p.Incomplete}
	}
	last := map[mirror.SiteID]store.Attempt{}
	for _, t := range attempts {
		last[t.Site] = t
	}
	all := make([]standing, len(sites))
	for i, site := range sites {
		id := site.ID()
		all[i] = standing{Site: site.Name, Snapshot: current[id]}
		if t, ok := last[id]; ok {
			all[i].Attempt = &attemptJSON{t.Outcome, t.Started.UTC(), known(t.Ended), t.Message}
		}
		all[i].Due = known(plan.Due(site, last[id]))
	}
	return all, nil
}

// known returns a time, or nil for the zero time.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// plan is the configured schedule.
func (s *session) plan() (schedule.Plan, error) {
	spec, err := schedule.Parse(s.Config.Crawl.Schedule)
	return schedule.Plan{Default: spec, Jitter: s.Config.Crawl.Jitter.Duration, Again: s.Config.Crawl.Again.Duration}, err
}
