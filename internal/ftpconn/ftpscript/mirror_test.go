package ftpscript_test

import (
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/testbed"
)

// A mirror has its files in every way, whole and from anywhere on, until it is broken.
func TestMirror(t *testing.T) {
	var broken atomic.Bool
	script := ftpscript.Mirror(map[string]ftpscript.File{"/file": {Content: "content", Modified: time.Date(2024, 2, 29, 1, 2, 3, 0, time.UTC)}})
	script["SIZE"] = ftpscript.Once(&broken, script["SIZE"], ftpscript.Say("550 not now"))
	s := ftpscript.Start(t, script)
	c, err := testbed.DialFTP(nil, s.Addr, "somebody", "x")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if text, err := c.Do(213, "SIZE /file"); err != nil || text != "7" {
		t.Errorf("SIZE: %q, %v", text, err)
	}
	if text, err := c.Do(213, "MDTM /file"); err != nil || text != "20240229010203" {
		t.Errorf("MDTM: %q, %v", text, err)
	}
	for _, way := range []testbed.Way{testbed.Active, testbed.Named, testbed.Extended, testbed.Homing} {
		c.Way = way
		for offset, want := range map[string]string{"0": "content", "4": "ent", "9": ""} {
			if _, err := c.Do(350, "REST %s", offset); err != nil {
				t.Error(err)
			}
			if got, err := c.Fetch("RETR /file"); err != nil || string(got) != want {
				t.Errorf("%s from %s: %q, %v", way, offset, got, err)
			}
		}
		if _, err := c.Fetch("RETR /other"); err == nil {
			t.Errorf("%s: it has a file that it has not", way)
		}
	}
	broken.Store(true)
	if _, err := c.Do(550, "SIZE /file"); err != nil {
		t.Error(err)
	}
}
