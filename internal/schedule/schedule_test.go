package schedule

import (
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/crawl"
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
		"@every 6h":   "2026-03-08 16:17:00",
	} {
		// The day on which Los Angeles has no half past two.
		los := time.FixedZone("PDT", -7*3600)
		if got := cronOf(t, expression).Next(at("2026-03-08 10:17:00").In(los)); !got.Equal(at(want)) {
			t.Errorf("%s: %v, want %s", expression, got, want)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for expression, want := range map[string]string{
		"TZ=0":                       "in UTC",
		"CRON_TZ=UTC":                "in UTC",
		"CRON_TZ=Asia/Tokyo @daily":  "in UTC",
		" TZ=Asia/Tokyo 0 0 * * *":   "in UTC",
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
	plan := Plan{Default: cronOf(t, "@daily"), Again: time.Hour}
	started, ended := at("2026-03-08 10:00:00"), at("2026-03-08 11:30:00")
	hourly := site("a")
	hourly.Schedule = "@hourly"
	broken := site("a")
	broken.Schedule = "sometimes"
	for name, c := range map[string]struct {
		site mirror.Site
		last store.Attempt
		want string // "" is at once
	}{
		"never crawled":         {site("a"), store.Attempt{}, ""},
		"interrupted":           {site("a"), store.Attempt{Started: started, Ended: ended, Outcome: crawl.Interrupted}, ""},
		"killed":                {site("a"), store.Attempt{Started: started, Outcome: crawl.Running}, ""},
		"published":             {site("a"), store.Attempt{Started: started, Ended: ended, Outcome: crawl.Published}, "2026-03-09 00:00:00"},
		"failed":                {site("a"), store.Attempt{Started: started, Ended: ended, Outcome: crawl.Failed}, "2026-03-08 12:30:00"},
		"failed, own schedule":  {hourly, store.Attempt{Started: started, Ended: started, Outcome: crawl.Failed}, "2026-03-08 11:00:00"},
		"longer than schedule":  {hourly, store.Attempt{Started: started, Ended: ended, Outcome: crawl.Published}, "2026-03-08 11:00:00"},
		"schedule not readable": {broken, store.Attempt{Started: started, Ended: ended, Outcome: crawl.Published}, "2026-03-09 00:00:00"},
	} {
		got := plan.Due(c.site, c.last)
		if c.want == "" && !got.IsZero() || c.want != "" && !got.Equal(at(c.want)) {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
	}
}

// Jitter moves each site to its own place, keeps it there, and never makes the
// time between two crawls other than the schedule's.
func TestJitter(t *testing.T) {
	plan := Plan{Default: cronOf(t, "@hourly"), Jitter: 4 * time.Hour}
	places := map[time.Duration]bool{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		last := store.Attempt{Started: at("2026-03-08 10:17:00"), Outcome: crawl.Published}
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
