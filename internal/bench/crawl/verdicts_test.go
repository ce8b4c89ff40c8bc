package main

import (
	"testing"

	"mirrortracker/internal/bench/report"
)

func TestVerdicts(t *testing.T) {
	run := func(dirs int64, seconds float64, whole bool) measurement {
		return measurement{Dirs: dirs, Seconds: seconds, Whole: whole}
	}
	on := func(server, client string, runs ...measurement) *result {
		return &result{subject: subject{far, 100, server, client}, Runs: runs}
	}
	b := &bench{
		options: &runCommand{Dirs: 100},
		absent:  map[string]string{"gone": "missing gone", "other": "missing other"},
		results: results{
			on("quick", ours(1), run(100, 2, true), run(100, 1, true), run(100, 4, true)),
			on("quick", "peer", run(20, 10, false)),
			on("quick", "better", run(100, 0.8, true)),
			on("broken", ours(1), run(90, 1, false)),
			on("broken", "peer", run(1, 1, false)),
		},
	}
	our := func(server string) subject { return subject{far, 100, server, ours(1)} }
	tests := []struct {
		got  report.Verdict
		want string
	}{
		{b.faster(our("quick"), 25, "peer"), "ok 100ms, quick: rate, crawler to peer 25.0 (asked: at least 25)"},
		{b.faster(our("quick"), 26, "peer"), "short 100ms, quick: rate, crawler to peer 25.0 (asked: at least 26)"},
		{b.faster(our("quick"), 1, "peer", "better"), "short 100ms, quick: rate, crawler to peer 0.40 (asked: more than 1)"},
		{b.faster(our("broken"), 1, "peer"), "short 100ms, broken: rate, crawler to peer 90.0, not finished (asked: more than 1)"},
		{b.faster(our("gone"), 1, "peer"), "skip 100ms, gone: rate, crawler to peer (missing gone)"},
		{b.faster(our("quick"), 1, "other"), "skip 100ms, quick: rate, crawler to other (missing other)"},
		{b.within(our("quick"), 2.5, "better"), "ok 100ms, quick: time, crawler to better 2.50 (asked: at most 2.5)"},
		{b.within(our("quick"), 2, "better"), "short 100ms, quick: time, crawler to better 2.50 (asked: at most 2)"},
	}
	for _, test := range tests {
		if got := test.got.String(); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

// A crawl is as wrong as the tree that it found.
func TestSummaryCheck(t *testing.T) {
	a, b := "a", "b"
	truth := summary{Blind: &a, Exact: &a, Files: 1, Dirs: 2}
	tests := []struct {
		name  string
		found summary
		right bool
	}{
		{"same", truth, true},
		{"no dates", summary{Blind: &a, Files: 1, Dirs: 2}, true},
		{"other dates", summary{Blind: &a, Exact: &b, Files: 1, Dirs: 2}, false},
		{"other names", summary{Blind: &b, Exact: &b, Files: 1, Dirs: 2}, false},
		{"not known", summary{Files: 1, Dirs: 2}, false},
		{"fewer directories", summary{Blind: &a, Exact: &a, Files: 1, Dirs: 1}, false},
	}
	for _, test := range tests {
		if err := truth.check([]summary{test.found}); (err == nil) != test.right {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
