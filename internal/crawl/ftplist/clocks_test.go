package ftplist

import (
	"testing"
	"time"

	"mirrortracker/internal/listing"
)

func TestClocks(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 0, 3, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"Oct 12 12:00": "2026-10-12",
		"Oct 12 00:30": "2026-10-11", // by summer time and by winter time
		"Oct 12 01:02": "-",          // 23:02 by summer time, 00:02 by winter time
		"Oct 12 02:02": "2026-10-12",
		"Nov 12 00:30": "2026-11-11",
		"Nov 12 01:30": "-", // 00:30 by winter time; 23:30 where the server was started in summer
		"Oct 12  2024": "-",
	} {
		l, err := listing.ParseList([]byte("-rw-r--r-- 1 ftp ftp 5 " + text + " file\r\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := clocksIn(berlin, now).Date(l.Entries[0].Stamp).String(); got != want {
			t.Errorf("%s in Berlin is %s, want %s", text, got, want)
		}
	}
}
