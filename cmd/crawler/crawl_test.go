package main

import (
	"encoding/json"
	"strings"
	"testing"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/program"
	"mirrortracker/internal/ui"
)

// That a walk began again is told, whether its crawl was published or not.
func TestRestartIsTold(t *testing.T) {
	outcomes := []outcome{
		{site: mirror.Site{Name: "calm"}},
		{site: mirror.Site{Name: "moody"}, report: crawl.Report{Restart: "MLSD follows links"}},
	}
	for _, asJSON := range []bool{false, true} {
		var out, said strings.Builder
		env := &ui.Env{Stdout: &out, Stderr: &said, Getenv: func(string) string { return "" }}
		s := &session{&program.Session{App: &program.App{Env: env, Name: "crawler", Flags: &program.Flags{JSON: asJSON}}}}
		if err := s.print(outcomes, false); err != nil {
			t.Fatal(err)
		}
		if !asJSON {
			if got, want := said.String(), "moody: the walk began again: MLSD follows links\n"; got != want {
				t.Errorf("said %q, want %q", got, want)
			}
			continue
		}
		var all []struct{ Site, Restarted string }
		if err := json.Unmarshal([]byte(out.String()), &all); err != nil {
			t.Fatal(err)
		}
		if all[0].Restarted != "" || all[1].Restarted != "MLSD follows links" {
			t.Errorf("as JSON: %+v", all)
		}
	}
}
