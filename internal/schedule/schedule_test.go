package schedule

import (
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err)
	}
	return t
}

func cronOf(t *testing.T, expression string) Cron {
	c, err := Parse(expression)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNext(t *testing.T) {
	for expression, want := range map[string]string{
		"@daily":      "2026-03-09 00:00:00",
		"@hourly":     "2026-03-08 11:00:00",
		"30 2 * * *":  "2026-03-09 02:30:00",
		"*/5 * * * *": "2026-03-08 10:20:00",
		"0 0 29 2 *":  "2028-02-29 00:00:00",
		"@every 6h":   "2026-03-08 12:00:00",
		"@every 45m":  "2026-03-08 10:30:00",
		"@every 168h": "2026-03-09 00:00:00",
	} {
		if got := cronOf(t, expression).Next(at("2026-03-08 10:17:00")); !got.Equal(at(want)) {
			t.Errorf("%s: %v, want %s", expression, got, want)
		}
	}
}

// In a zone, every day has its moment, once: those too on which clocks are put
// forward or back.
func TestNextInZone(t *testing.T) {
	zone, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		expression, after string
		want              []string // in UTC
	}{
		{"30 2 * * *", "2026-03-06 12:00:00", []string{"2026-03-07 10:30:00", "2026-03-08 09:30:00", "2026-03-09 09:30:00"}},
		{"30 1 * * *", "2026-10-30 12:00:00", []string{"2026-10-31 08:30:00", "2026-11-01 08:30:00", "2026-11-02 09:30:00"}},
		{"0 4 1 * *", "2026-06-15 00:00:00", []string{"2026-07-01 11:00:00", "2026-08-01 11:00:00"}},
		{"@every 6h", "2026-03-08 06:00:00", []string{"2026-03-08 12:00:00", "2026-03-08 18:00:00"}},
	} {
		moment := at(c.after)
		for _, want := range c.want {
			moment = cronOf(t, c.expression).Next(moment.In(zone))
			if !moment.Equal(at(want)) {
				t.Errorf("%s: %v, want %s", c.expression, moment.UTC(), want)
			}
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for expression, want := range map[string]string{
		"TZ=0":                       "names a time zone",
		"CRON_TZ=UTC":                "names a time zone",
		"CRON_TZ=Asia/Tokyo @daily":  "names a time zone",
		" TZ=Asia/Tokyo 0 0 * * *":   "names a time zone",
		"0 0 30 2 *":                 "never comes",
		"":                           "not a cron expression",
		"daily":                      "not a cron expression",
		"@every 1s":                  "the least is 1m",
		"@every":                     "not a cron expression",
		"60 * * * *":                 "not a cron expression",
		"* * * * * *":                "not a cron expression",
		"* * * * MON-":               "not a cron expression",
		"@every 9999999999999999h":   "not a cron expression",
		"1-0 * * * *":                "not a cron expression",
		"*/0 * * * *":                "not a cron expression",
		strings.Repeat("1,", 1<<16):  "not a cron expression",
		"99999999999999999999 * * *": "not a cron expression",
	} {
		if _, err := Parse(expression); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %.200v; want %s", expression, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"@daily", "@every 6h", "30 4 * * 0", "TZ=0", "0 0 30 2 *", "*/5 1-3,7 ? JAN MON"} {
		f.Add(seed)
	}
	now := at("2026-03-08 10:17:00")
	f.Fuzz(func(t *testing.T, expression string) {
		c, err := Parse(expression)
		if err != nil {
			return
		}
		if next := c.Next(now); !next.After(now) {
			t.Errorf("%q comes at %v, which is not after %v", expression, next, now)
		}
	})
}

func site(name string) mirror.Site {
	return mirror.Site{Name: name, URL: mirror.URL{Scheme: "ftp", Host: name + ".example", Port: 21, Base: "/"}, Weight: 100}
}

func TestDue(t *testing.T) {
	plan := Plan{
		Default: cronOf(t, "@daily"),
		Again:   time.Hour, AgainMax: 6 * time.Hour, Breaker: 4,
		Pause: 10 * time.Minute,
	}
	started, ended := at("2026-03-08 10:00:00"), at("2026-03-08 11:30:00")
	attempt := func(outcome string, failures int) store.Attempt {
		return store.Attempt{Started: started, Ended: ended, Outcome: outcome, Failures: failures}
	}
	with := func(change func(*mirror.Site)) mirror.Site {
		s := site("a")
		change(&s)
		return s
	}
	hourly := with(func(s *mirror.Site) { s.Schedule = "@hourly" })
	for name, c := range map[string]struct {
		site mirror.Site
		last store.Attempt
		want string        // "" is at once
		more time.Duration // how much later it may be: after failures, up to a quarter
	}{
		"never crawled":         {site("a"), store.Attempt{}, "", 0},
		"interrupted":           {site("a"), attempt(store.OutcomeInterrupted, 9), "", 0},
		"killed":                {site("a"), store.Attempt{Started: started, Outcome: store.OutcomeRunning}, "", 0},
		"published":             {site("a"), attempt(store.OutcomePublished, 0), "2026-03-09 00:00:00", 0},
		"suspect":               {site("a"), attempt(store.OutcomeSuspect, 0), "2026-03-08 12:30:00", 15 * time.Minute},
		"suspect, own schedule": {hourly, attempt(store.OutcomeSuspect, 0), "2026-03-08 11:40:00", 0},
		"failed":                {site("a"), attempt(store.OutcomeFailed, 1), "2026-03-08 12:30:00", 15 * time.Minute},
		"failed twice":          {site("a"), attempt(store.OutcomeFailed, 2), "2026-03-08 13:30:00", 30 * time.Minute},
		"failed three times":    {site("a"), attempt(store.OutcomeFailed, 3), "2026-03-08 15:30:00", time.Hour},
		"failed four times":     {site("a"), attempt(store.OutcomeFailed, 4), "2026-03-08 17:30:00", 90 * time.Minute},
		"failed for ever":       {site("a"), attempt(store.OutcomeFailed, 1<<30), "2026-03-08 17:30:00", 90 * time.Minute},
		"failed, own schedule":  {hourly, attempt(store.OutcomeFailed, 3), "2026-03-08 11:40:00", 0},
		"broken, own schedule":  {hourly, attempt(store.OutcomeFailed, 4), "2026-03-08 17:30:00", 90 * time.Minute},
		"longer than schedule":  {hourly, attempt(store.OutcomePublished, 0), "2026-03-08 11:40:00", 0},
		"own pause":             {with(func(s *mirror.Site) { s.Visit.Pause = 20 * time.Hour }), attempt(store.OutcomePublished, 0), "2026-03-09 07:30:00", 0},
		"schedule not readable": {with(func(s *mirror.Site) { s.Schedule = "sometimes" }), attempt(store.OutcomePublished, 0), "2026-03-09 00:00:00", 0},
	} {
		got := plan.Due(c.site, c.last)
		if c.want == "" {
			if !got.IsZero() {
				t.Errorf("%s: %v, want at once", name, got)
			}
			continue
		}
		if want := at(c.want); got.Before(want) || got.After(want.Add(c.more)) {
			t.Errorf("%s: %v, want %q to %v later", name, got, c.want, c.more)
		}
	}
}

func TestNextInHours(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	hours, err := mirror.ParseHours("22-6")
	if err != nil {
		t.Fatal(err)
	}
	plan := Plan{Default: cronOf(t, "0 12 * * *"), Zone: berlin, Hours: hours}
	byDay := site("a")
	byDay.Visit.Hours = "9-17"
	crawled := store.Attempt{Started: at("2026-07-01 20:00:00"), Ended: at("2026-07-01 20:30:00"), Outcome: store.OutcomePublished}
	for name, c := range map[string]struct {
		site      mirror.Site
		last      store.Attempt
		now       string
		next      string
		closeTime string // of what begins then
	}{
		"at once":                {site("a"), store.Attempt{}, "2026-07-01 20:00:00", "2026-07-01 20:00:00", "2026-07-02 04:00:00"},
		"at once, in time":       {site("a"), store.Attempt{}, "2026-07-01 12:00:00", "2026-07-01 20:00:00", "2026-07-02 04:00:00"},
		"by schedule, in time":   {site("a"), crawled, "2026-07-01 21:00:00", "2026-07-02 20:00:00", "2026-07-03 04:00:00"},
		"overdue":                {site("a"), crawled, "2026-07-02 23:00:00", "2026-07-02 23:00:00", "2026-07-03 04:00:00"},
		"by schedule, own hours": {byDay, crawled, "2026-07-01 21:00:00", "2026-07-02 10:00:00", "2026-07-02 15:00:00"},
		"overdue, own hours":     {byDay, crawled, "2026-07-02 21:00:00", "2026-07-03 07:00:00", "2026-07-03 15:00:00"},
	} {
		next := plan.Next(c.site, c.last, at(c.now))
		if !next.Equal(at(c.next)) {
			t.Errorf("%s: next is %v, want %s", name, next.UTC(), c.next)
		}
		if got := plan.Close(c.site, next); !got.Equal(at(c.closeTime)) {
			t.Errorf("%s: closes at %v, want %s", name, got.UTC(), c.closeTime)
		}
	}
	if got := (Plan{}).Close(site("a"), at("2026-07-01 20:00:00")); !got.IsZero() {
		t.Errorf("without hours, it closes at %v", got)
	}
}

// A clock that was far ahead does not keep sites from being crawled until it would be
// right; one that is a little ahead on another machine makes no difference.
func TestAttemptOfTheFuture(t *testing.T) {
	plan := Plan{Default: cronOf(t, "@daily")}
	now := at("2026-03-08 10:00:00")
	for started, want := range map[string]string{
		"2027-03-08 10:00:00": "2026-03-08 10:00:00",
		"2026-03-08 10:20:00": "2026-03-09 00:00:00",
	} {
		last := store.Attempt{Started: at(started), Ended: at(started), Outcome: store.OutcomePublished}
		if got := plan.Next(site("a"), last, now); !got.Equal(at(want)) {
			t.Errorf("crawled on %s: next on %v, want %s", started, got, want)
		}
	}
}

// Sites that failed together do not come again together, wherever that is asked.
func TestFailuresAreSpread(t *testing.T) {
	plan := Plan{Default: cronOf(t, "@yearly"), Again: time.Hour}
	last := store.Attempt{Started: at("2026-03-08 10:00:00"), Ended: at("2026-03-08 10:00:00"), Outcome: store.OutcomeFailed, Failures: 1}
	places := map[time.Time]bool{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		due := plan.Due(site(name), last)
		if again := plan.Due(site(name), last); !again.Equal(due) {
			t.Errorf("%s is due at %v and at %v", name, due, again)
		}
		places[due] = true
	}
	if len(places) < 5 {
		t.Errorf("six sites have %d places", len(places))
	}
}

// Jitter moves each site to its own place, keeps it there, and never makes the
// time between two crawls other than the schedule's.
func TestJitter(t *testing.T) {
	for _, expression := range []string{"@hourly", "@every 1h"} {
		t.Run(expression, func(t *testing.T) { testJitter(t, Plan{Default: cronOf(t, expression), Jitter: 4 * time.Hour}) })
	}
}

func testJitter(t *testing.T, plan Plan) {
	places := map[time.Duration]bool{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		last := store.Attempt{Started: at("2026-03-08 10:17:00"), Outcome: store.OutcomePublished}
		first := plan.Due(site(name), last)
		if wait := first.Sub(last.Started); wait <= 0 || wait > time.Hour {
			t.Errorf("%s: due after %v", name, wait)
		}
		for range 50 {
			due := plan.Due(site(name), last)
			if !last.Started.Equal(at("2026-03-08 10:17:00")) && due.Sub(last.Started) != time.Hour {
				t.Fatalf("%s: due %v after %v", name, due, last.Started)
			}
			last.Started = due
		}
		places[first.Sub(first.Truncate(time.Hour))] = true
	}
	if len(places) < 5 {
		t.Errorf("six sites have %d places", len(places))
	}
}
