package mirror

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseHours(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "0-24": "", "00:00-24:00": "",
		"22-6": "22:00-06:00", "22:30-06:00": "22:30-06:00", "0-1": "00:00-01:00", "9:15-24": "09:15-00:00", "23-0": "23:00-00:00",
	} {
		got, err := ParseHours(in)
		if err != nil || got.String() != want {
			t.Errorf("%q is %q, %v; want %q", in, got, err, want)
			continue
		}
		if again, err := ParseHours(got.String()); err != nil || again != got {
			t.Errorf("%q is read back as %v, %v", got, again, err)
		}
	}
	for _, in := range []string{"22", "-", "22-", "-6", "6-6", "0-0", "24-6", "24-24", "25-1", "1-24:01", "1:60-2", "1:5-2", "001-2", "+1-2", "1-2-3", "a-b", " 1-2", "22–6"} {
		if got, err := ParseHours(in); err == nil {
			t.Errorf("%q passes as %q", in, got)
		}
	}
}

func TestHours(t *testing.T) {
	clock := func(text string) time.Time {
		u, err := time.Parse("2 15:04:05", text)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	for _, c := range []struct{ hours, now, open, close string }{
		{"22-6", "1 21:59:59", "1 22:00:00", ""},
		{"22-6", "1 22:00:00", "1 22:00:00", "2 06:00:00"},
		{"22-6", "2 05:59:59", "2 05:59:59", "2 06:00:00"},
		{"22-6", "2 06:00:00", "2 22:00:00", ""},
		{"9:30-17", "1 09:29:59", "1 09:30:00", ""},
		{"9:30-17", "1 17:00:00", "2 09:30:00", ""},
		{"20-24", "1 23:59:59", "1 23:59:59", "2 00:00:00"},
		{"20-24", "2 00:00:00", "2 20:00:00", ""},
		{"0-4", "1 23:59:59", "2 00:00:00", ""},
		{"0-24", "1 12:00:00", "1 12:00:00", "never"},
	} {
		hours, err := ParseHours(c.hours)
		if err != nil {
			t.Fatal(err)
		}
		now := clock(c.now)
		if got, want := hours.Open(now), clock(c.open); !got.Equal(want) {
			t.Errorf("%s at %s open at %v, want %v", c.hours, c.now, got, want)
		}
		inside := c.close != ""
		if got := hours.Contain(now); got != inside {
			t.Errorf("%s contain %s: %v", c.hours, c.now, got)
		}
		switch {
		case c.close == "never" && !hours.Close(now).IsZero():
			t.Errorf("%s close at %v", c.hours, hours.Close(now))
		case inside && c.close != "never" && !hours.Close(now).Equal(clock(c.close)):
			t.Errorf("%s at %s close at %v, want %s", c.hours, c.now, hours.Close(now), c.close)
		}
	}
}

// Where clocks are put forward or back over the moment, hours begin and end when the
// clock first shows that much, and a moment that it shows twice counts twice.
func TestHoursOnDaysOfOtherLengths(t *testing.T) {
	const berlin = "Europe/Berlin"           // from 2 to 3 on 29 March, from 3 to 2 on 25 October
	const california = "America/Los_Angeles" // from 2 to 3 on 8 March, from 2 to 1 on 1 November
	for _, c := range []struct{ zone, hours, now, open, close string }{
		{berlin, "2:30-5", "2026-03-29T00:10:00Z", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00Z"},
		{berlin, "22-2:30", "2026-03-28T22:00:00Z", "2026-03-28T22:00:00Z", "2026-03-29T01:00:00Z"},
		{berlin, "22-2:30", "2026-03-29T00:40:00Z", "2026-03-29T00:40:00Z", "2026-03-29T01:00:00Z"},
		{berlin, "22-3", "2026-03-29T00:40:00Z", "2026-03-29T00:40:00Z", "2026-03-29T01:00:00Z"},
		{berlin, "22-3:30", "2026-03-29T00:40:00Z", "2026-03-29T00:40:00Z", "2026-03-29T01:30:00Z"},
		{berlin, "22-2:30", "2026-10-24T22:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z"},
		{berlin, "22-2:30", "2026-10-25T01:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"},
		{berlin, "22-6", "2026-10-24T23:00:00Z", "2026-10-24T23:00:00Z", "2026-10-25T05:00:00Z"},
		{berlin, "2:30-5", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z", "2026-10-25T04:00:00Z"},
		{california, "22-2:30", "2026-03-08T09:40:00Z", "2026-03-08T09:40:00Z", "2026-03-08T10:00:00Z"},
		{california, "22-1:30", "2026-11-01T09:00:00Z", "2026-11-01T09:00:00Z", "2026-11-01T09:30:00Z"},
	} {
		hours, err := ParseHours(c.hours)
		if err != nil {
			t.Fatal(err)
		}
		utc := func(text string) time.Time {
			u, err := time.Parse(time.RFC3339, text)
			if err != nil {
				t.Fatal(err)
			}
			return u
		}
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		open := hours.Open(utc(c.now).In(zone))
		if !open.Equal(utc(c.open)) {
			t.Errorf("%s at %s open at %v, want %s", c.hours, c.now, open.UTC(), c.open)
		}
		if close := hours.Close(open); !close.Equal(utc(c.close)) {
			t.Errorf("%s at %s close at %v, want %s", c.hours, c.now, close.UTC(), c.close)
		}
	}
}

// Whatever the hours and the zone, with its long and short days: they are closed until
// they open, and do not stay closed for longer than two days.
func TestHoursOpenAgain(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		from, to := rapid.IntRange(0, day-1).Draw(t, "from"), rapid.IntRange(1, day).Draw(t, "to")
		hours, err := ParseHours(fmt.Sprintf("%d:%02d-%d:%02d", from/60, from%60, to/60, to%60))
		if from == to {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		zone := rapid.SampledFrom([]*time.Location{time.UTC, berlin}).Draw(t, "zone")
		now := time.Unix(rapid.Int64Range(1_700_000_000, 1_800_000_000).Draw(t, "now"), 0).In(zone)
		open := hours.Open(now)
		if open.Before(now) || open.Sub(now) > 49*time.Hour {
			t.Fatalf("%s at %v open at %v", hours, now, open)
		}
		if zone == time.UTC && (!hours.Contain(open) || open.After(now) && hours.Contain(open.Add(-time.Second))) {
			t.Fatalf("%s at %v do not begin at %v", hours, now, open)
		}
		if close := hours.Close(open); !close.IsZero() && !close.After(open) {
			t.Fatalf("%s close at %v, before they open at %v", hours, close, open)
		}
	})
}

func FuzzParseHours(f *testing.F) {
	f.Add("22:30-06:00")
	f.Add("0-24")
	f.Fuzz(func(t *testing.T, text string) {
		if h, err := ParseHours(text); err == nil {
			h.Open(time.Unix(0, 0))
			h.Close(time.Unix(0, 0))
		}
	})
}
