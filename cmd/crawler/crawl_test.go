package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/program"
	"mirrortracker/internal/ui"
)

// An interrupted crawl says what is in force.
func TestInterrupted(t *testing.T) {
	for before, want := range map[bool]string{
		false: "crawl gnu: interrupted; the site has no snapshot yet",
		true:  "crawl gnu: interrupted; the snapshot before it stays in force",
	} {
		o := outcome{site: mirror.Site{Name: "gnu"}, err: context.Canceled, broken: true, before: before}
		if got := o.explain().Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What is incomplete after a scheduled crawl is warned of, up to ten directories.
func TestScheduledCrawlsWarn(t *testing.T) {
	var said strings.Builder
	s := &session{&program.Session{Log: slog.New(slog.NewTextHandler(&said, nil))}}
	report := crawl.Report{}
	for i := range 12 {
		report.Problems = append(report.Problems, crawl.Problem{Path: mirror.Path(fmt.Sprintf("/%d", i)), Reason: digest.Refused, Detail: "550 no"})
	}
	report.Incomplete = 30
	s.warn("gnu", &report)
	lines := strings.Split(strings.TrimSpace(said.String()), "\n")
	if len(lines) != 11 || !strings.HasSuffix(lines[0], `level=WARN msg="directory is incomplete" site=gnu path=/0/ reason=refused detail="550 no"`) ||
		!strings.HasSuffix(lines[10], `level=WARN msg="more directories are incomplete" site=gnu more=20`) {
		t.Errorf("%q", lines)
	}
}

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
