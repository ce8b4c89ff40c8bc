package listing

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"mirrortracker/internal/digest"
)

func instant(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", s)
	if err != nil {
		panic(err)
	}
	return t
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestDatesWithoutYear(t *testing.T) {
	at := func(month, day, hour, minute int) Stamp {
		return Stamp{Month: int8(month), Day: int8(day), Hour: int8(hour), Min: int8(minute), HasTime: true}
	}
	for _, c := range []struct {
		now   string
		stamp Stamp
		want  string
	}{
		{"2026-11-20 12:00:00", at(11, 20, 11, 59), "2026-11-20"},
		{"2026-11-20 12:00:00", at(6, 1, 0, 0), "2026-06-01"},
		{"2026-11-20 12:00:00", at(11, 21, 12, 0), "2026-11-21"}, // a day ahead exactly
		{"2026-11-20 12:00:00", at(11, 21, 12, 1), "-"},          // more, so last year's, so too old
		{"2026-11-20 12:00:00", at(5, 14, 12, 0), "2026-05-14"},  // 190 days back exactly
		{"2026-11-20 12:00:00", at(5, 14, 11, 59), "-"},
		{"2027-01-02 00:00:00", at(12, 31, 23, 0), "2026-12-31"},
		{"2026-12-31 23:00:00", at(1, 1, 1, 0), "2027-01-01"},
		{"2026-12-31 23:00:00", at(1, 2, 1, 0), "-"},
		{"2028-03-01 00:00:00", at(2, 29, 5, 0), "2028-02-29"},
		{"2027-03-01 00:00:00", at(2, 29, 5, 0), "-"},
		{"2027-02-28 12:00:00", at(2, 29, 5, 0), "-"},
		{"2026-11-20 12:00:00", at(11, 31, 0, 0), "-"},
		{"2026-11-20 12:00:00", at(13, 1, 0, 0), "-"},
		{"2026-11-20 12:00:00", at(0, 1, 0, 0), "-"},
		{"2026-11-20 12:00:00", at(11, 0, 0, 0), "-"},
	} {
		d := Dates{Now: instant(c.now), Zone: time.UTC}
		got := d.Date(c.stamp)
		if got.String() != c.want {
			t.Errorf("at %s, %+v is %s, want %s", c.now, c.stamp, got, c.want)
		}
		when, ok := d.Time(c.stamp)
		if ok != got.Known() || ok && digest.DateOf(when) != got {
			t.Errorf("at %s, %+v is %s but its time %v, %v", c.now, c.stamp, got, when, ok)
		}
	}
}

func TestDatesInZones(t *testing.T) {
	full := func(year, month, day, hour, minute int) Stamp {
		return Stamp{Year: int16(year), Month: int8(month), Day: int8(day), Hour: int8(hour), Min: int8(minute), HasYear: true, HasTime: true}
	}
	for _, c := range []struct {
		zone  string // "" for none
		stamp Stamp
		want  string
		time  string // "" for none
	}{
		{"UTC", Stamp{}, "-", ""},
		{"UTC", day, "2023-01-05", ""},
		{"UTC", minute, "2023-01-05", "2023-01-05 12:34:00"},
		{"UTC", full(2023, 2, 29, 0, 0), "-", ""},
		{"UTC", full(0, 1, 1, 0, 0), "0000-01-01", "0000-01-01 00:00:00"},

		{"", day, "-", ""},
		{"", minute, "-", ""},
		{"", recent, "-", ""},
		{"", utc, "2023-01-05", "2023-01-05 12:34:00"},

		{"Europe/Berlin", utc, "2023-01-05", "2023-01-05 12:34:00"},
		{"Europe/Berlin", day, "-", ""},
		{"Europe/Berlin", minute, "2023-01-05", "2023-01-05 11:34:00"},
		{"Europe/Berlin", full(2023, 1, 5, 0, 59), "2023-01-04", "2023-01-04 23:59:00"},
		{"Europe/Berlin", full(2023, 7, 5, 1, 59), "2023-07-04", "2023-07-04 23:59:00"},
		{"Europe/Berlin", full(2023, 3, 26, 2, 30), "-", ""},           // clocks were put forward: no such time
		{"Europe/Berlin", full(2023, 10, 29, 2, 30), "2023-10-29", ""}, // put back: twice, on the same day
		{"Asia/Kolkata", full(2023, 1, 5, 5, 29), "2023-01-04", "2023-01-04 23:59:00"},
		{"Asia/Kolkata", full(2023, 1, 5, 5, 30), "2023-01-05", "2023-01-05 00:00:00"},
		{"America/New_York", full(2023, 1, 5, 19, 0), "2023-01-06", "2023-01-06 00:00:00"},
		{"America/New_York", full(9999, 12, 31, 19, 0), "-", "10000-01-01 00:00:00"},
		{"Africa/Abidjan", day, "2023-01-05", ""}, // UTC all year
		{"Europe/London", day, "2023-01-05", ""},
		{"Europe/London", Stamp{Year: 2023, Month: 7, Day: 5, HasYear: true}, "-", ""},
	} {
		d := Dates{Now: instant("2023-11-20 12:00:00")}
		if c.zone != "" {
			d.Zone = zone(t, c.zone)
		}
		if got := d.Date(c.stamp); got.String() != c.want {
			t.Errorf("in %q, %+v is %s, want %s", c.zone, c.stamp, got, c.want)
		}
		got, ok := d.Time(c.stamp)
		if want := c.time; ok != (want != "") || ok && got.UTC().Format("2006-01-02 15:04:05") != want {
			t.Errorf("in %q, the time of %+v is %v, %v, want %q", c.zone, c.stamp, got, ok, want)
		}
	}
}

// Whatever the zone, a date that is known is the day in UTC of the instant that
// the server printed, and of no other instant that it would print likewise.
func TestDatesAreNeverWrong(t *testing.T) {
	names := []string{"UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Pacific/Apia", "Atlantic/Azores", "Australia/Lord_Howe", "Africa/Casablanca"}
	rapid.Check(t, func(rt *rapid.T) {
		z := zone(t, rapid.SampledFrom(names).Draw(rt, "zone"))
		file := time.Unix(rapid.Int64Range(0, 2e9).Draw(rt, "file"), 0)
		age := time.Duration(rapid.Int64Range(-2*86400, 800*86400).Draw(rt, "age")) * time.Second
		d := Dates{Now: file.Add(age), Zone: z}
		local := file.In(z)
		stamp := Stamp{Month: int8(local.Month()), Day: int8(local.Day())}
		withYear := rapid.Bool().Draw(rt, "year")
		if withYear {
			stamp.setYear(local.Year())
		}
		if !withYear || rapid.Bool().Draw(rt, "time") {
			stamp.setTime(local.Hour(), local.Minute())
		}
		// ls leaves out the year for half a year only: the rule cannot tell the
		// dates of other years.
		if !withYear && (age > 183*24*time.Hour || age < -23*time.Hour) {
			return
		}
		got := d.Date(stamp)
		if got.Known() && got != digest.DateOf(file) {
			rt.Fatalf("%v, printed as %+v, is %s", file.UTC(), stamp, got)
		}
		if !got.Known() && stamp.HasTime && digest.DateOf(file.Add(-3*time.Hour)) == digest.DateOf(file.Add(3*time.Hour)) {
			rt.Fatalf("%v, printed as %+v, is unknown", file.UTC(), stamp)
		}
		if when, ok := d.Time(stamp); ok && !when.Equal(file.Truncate(time.Minute)) {
			rt.Fatalf("%v, printed as %+v, is at %v", file.UTC(), stamp, when)
		}
	})
}

func TestMDTM(t *testing.T) {
	for reply, want := range map[string]string{
		"20230105123456":      "2023-01-05 12:34:56",
		" 20230105123456\r\n": "2023-01-05 12:34:56",
		"20230105123456.789":  "2023-01-05 12:34:56",
		"20161231235960":      "2017-01-01 00:00:00",
		"20000229000000":      "2000-02-29 00:00:00",
		"":                    "",
		"2023010512345":       "",
		"191230105123456":     "", // tm_year behind a fixed 19
		"20230105123456.":     "",
		"20230105123456 UTC":  "",
		"20230105123456.1.2":  "",
		"20230229000000":      "",
		"20230105240000":      "",
		"20230105126000":      "",
		"20230105123461":      "",
		"-0230105123456":      "",
		"No such file.":       "",
	} {
		got, err := ParseMDTM(reply)
		if (err == nil) != (want != "") || err == nil && got.Format("2006-01-02 15:04:05") != want {
			t.Errorf("%q: %v, %v; want %q", reply, got, err, want)
		}
	}
}

func BenchmarkDates(b *testing.B) {
	d := Dates{Now: instant("2023-01-20 12:00:00"), Zone: time.UTC}
	for b.Loop() {
		d.Date(recent)
	}
}
