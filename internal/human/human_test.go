package human

import (
	"testing"
	"time"
)

func TestHuman(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.00 KiB", 1536: "1.50 KiB", 10 << 10: "10.0 KiB", 10235: "10.0 KiB",
		999 << 10: "999 KiB", 1000 << 10: "0.98 MiB", 14<<30 + 1: "14.0 GiB", 5 << 40: "5.00 TiB", 1<<63 - 1: "8192 PiB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d bytes: %s, want %s", n, got, want)
		}
	}
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100", 100000: "100,000",
	} {
		if got := Count(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0.0s", 400 * time.Millisecond: "0.4s", 59 * time.Second: "59s", 61 * time.Second: "1m01s",
		3*time.Hour + 12*time.Minute: "3h12m", 52 * time.Hour: "2d4h", -time.Minute: "-1m00s",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 files", 1: "1 file", 1000: "1,000 files"} {
		if got := Plural(n, "file", "files"); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}
