package strict

import "testing"

func TestDurations(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0s", "90s": "1m30s", "60s": "1m", "10m": "10m", "60m": "1h", "1h30m": "1h30m", "1h0m1s": "1h0m1s", "744h": "744h", "100ms": "100ms",
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(in)); err != nil || d.String() != want {
			t.Errorf("%q is %v, %v; want %s", in, d, err, want)
		}
		if again := (Duration{}); again.UnmarshalText([]byte(d.String())) != nil || again != d {
			t.Errorf("%v is read back as %v", d, again)
		}
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "1000": 1000, "1KiB": 1024, "32MiB": 32 << 20, "4 GiB": 4 << 30, "7TiB": 7 << 40,
	} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%s: %d, %v; want %d", text, s, err, want)
		}
		var again Size
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
			t.Errorf("%s is written %s and read %d, %v", text, s, again, err)
		}
	}
	for _, text := range []string{"", "MiB", "1.5MiB", "32mib", "32MB", "99999999999TiB", "x"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %d", text, s)
		}
	}
}
