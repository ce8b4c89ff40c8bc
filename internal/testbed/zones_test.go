package testbed

import (
	"strings"
	"testing"
	"time"
)

// What LocalTimes shifts: a file of 23:50 UTC on the 21st is one of 05:20 on the 22nd in
// Asia/Kolkata.
func TestLocalTimes(t *testing.T) {
	root := Dir(t)
	w := treeWriter{root: root}
	at := time.Now().UTC().AddDate(0, -1, 0).Truncate(24 * time.Hour).Add(23*time.Hour + 50*time.Minute)
	w.fileAt("file", 1, at)
	if w.err != nil {
		t.Fatal(w.err)
	}
	const list, stamp = "Jan 02 15:04", "20060102150405"
	zone := time.FixedZone("Asia/Kolkata", 5*3600+1800)
	tests := []struct {
		kind             string
		local            bool
		list, mdtm, mlsd *time.Location
	}{
		{"vsftpd", false, time.UTC, time.UTC, nil},
		{"vsftpd", true, zone, zone, nil},
		{"proftpd", false, time.UTC, time.UTC, time.UTC},
		{"proftpd", true, zone, time.UTC, time.UTC},
		{"pure-ftpd", false, zone, time.UTC, time.UTC},
		{"pure-ftpd", true, zone, time.UTC, time.UTC},
		{"pyftpdlib", false, time.UTC, time.UTC, time.UTC},
		{"pyftpdlib", true, zone, zone, zone},
	}
	for _, test := range tests {
		name := test.kind + " in UTC"
		if test.local {
			name = test.kind + " in local time"
		}
		t.Run(name, func(t *testing.T) {
			c := dial(t, StartFTP(t, test.kind, FTPConfig{Root: root, TZ: "Asia/Kolkata", LocalTimes: test.local}))
			data, _ := c.list("LIST")
			if want := at.In(test.list).Format(list); !strings.Contains(data, want) {
				t.Errorf("LIST: %q, want %q", data, want)
			}
			if got, want := c.do("MDTM file"), "213 "+at.In(test.mdtm).Format(stamp)+"\r\n"; got != want {
				t.Errorf("MDTM: %q, want %q", got, want)
			}
			if test.mlsd == nil {
				return
			}
			data, _ = c.list("MLSD")
			if want := "modify=" + at.In(test.mlsd).Format(stamp); !strings.Contains(data, want) {
				t.Errorf("MLSD: %q, want %q", data, want)
			}
		})
	}
}
