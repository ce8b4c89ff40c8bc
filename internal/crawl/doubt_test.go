package crawl

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// snap is a snapshot of some files, each of 100 bytes.
func snap(root byte, files, incomplete int64) store.Snapshot {
	return store.Snapshot{Root: digest.ID{root}, Totals: digest.Totals{Files: files, Bytes: 100 * files}, Incomplete: incomplete}
}

func TestDoubtful(t *testing.T) {
	big := snap(1, 1000, 0)
	few := big
	few.Root, few.Bytes = digest.ID{9}, big.Bytes*79/100
	small := big
	small.Root, small.Files, small.Dirs = digest.ID{9}, 700, 99
	huge := snap(1, 1000, 0)
	huge.Bytes = 1<<63 - 1
	theirs := huge
	theirs.Via = "https://peer.example/"
	for name, c := range map[string]struct {
		found  store.Snapshot
		before []store.Snapshot // newest first
		aside  []store.Snapshot
		want   string // part of the reason, "" if it is believed
	}{
		"the first":                     {snap(2, 1, 0), nil, nil, ""},
		"less than others say":          {snap(2, 1, 0), []store.Snapshot{theirs}, nil, ""},
		"less than before others":       {snap(2, 1, 0), []store.Snapshot{theirs, big}, nil, "1 files"},
		"the same":                      {big, []store.Snapshot{big}, nil, ""},
		"more":                          {snap(2, 5000, 0), []store.Snapshot{big}, nil, ""},
		"little less":                   {snap(2, 800, 0), []store.Snapshot{big}, nil, ""},
		"far less":                      {snap(2, 799, 0), []store.Snapshot{big}, nil, "799 files and directories with 78.0 KiB were found, where 1,000 with 97.7 KiB are known; less than 80 %"},
		"nothing":                       {snap(2, 0, 0), []store.Snapshot{big}, nil, "0 files"},
		"nothing, as before":            {snap(2, 0, 0), []store.Snapshot{snap(3, 0, 0)}, nil, ""},
		"fewer bytes":                   {few, []store.Snapshot{big}, nil, "1,000 files"},
		"fewer files, some directories": {small, []store.Snapshot{big}, nil, "799 files"},
		"large":                         {huge, []store.Snapshot{huge}, nil, ""},
		"large before":                  {big, []store.Snapshot{huge}, nil, "known"},

		"confirmed":                   {snap(2, 100, 0), []store.Snapshot{big}, []store.Snapshot{snap(2, 100, 0)}, ""},
		"confirmed, little less":      {snap(3, 95, 0), []store.Snapshot{big}, []store.Snapshot{snap(2, 100, 0)}, ""},
		"confirmed, little more":      {snap(3, 105, 0), []store.Snapshot{big}, []store.Snapshot{snap(2, 100, 0)}, ""},
		"another suspect":             {snap(3, 90, 0), []store.Snapshot{big}, []store.Snapshot{snap(2, 100, 0)}, "90 files"},
		"as usual after a suspect":    {snap(3, 990, 0), []store.Snapshot{big}, []store.Snapshot{snap(2, 100, 0)}, ""},
		"compared with the last only": {snap(2, 100, 0), []store.Snapshot{snap(3, 110, 0), big}, nil, ""},

		"incomplete":                         {snap(2, 700, 5), []store.Snapshot{big}, nil, "700 files"},
		"less than an incomplete one":        {snap(2, 100, 0), []store.Snapshot{snap(3, 850, 9), big}, nil, "where 1,000"},
		"step by step":                       {snap(2, 700, 2), []store.Snapshot{snap(3, 850, 1), big}, nil, "where 1,000"},
		"more steps":                         {snap(2, 700, 2), []store.Snapshot{snap(3, 850, 1), snap(4, 900, 1), big, snap(5, 9000, 0)}, nil, "where 1,000"},
		"as the incomplete one":              {snap(2, 690, 2), []store.Snapshot{snap(3, 700, 2), big}, nil, ""},
		"complete again":                     {snap(2, 990, 0), []store.Snapshot{snap(3, 700, 2), big}, nil, ""},
		"never complete":                     {snap(2, 700, 2), []store.Snapshot{snap(3, 800, 2), snap(4, 900, 2)}, nil, "where 900"},
		"complete, less than incomplete one": {snap(2, 900, 0), []store.Snapshot{snap(3, 1000, 3)}, nil, ""},
	} {
		var aside *store.Suspect
		if len(c.aside) > 0 {
			aside = &store.Suspect{Snapshot: c.aside[0]}
		}
		got := doubtful(c.found, c.before, aside, 0.8)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if got := doubtful(c.found, c.before, aside, 0); got != "" {
			t.Errorf("%s: doubted although nothing is to be: %q", name, got)
		}
	}
}

// visit crawls the site and returns the suspect, if that is what came of it.
func (w world) visit(t *testing.T, s *fakeSite) *store.Suspect {
	t.Helper()
	j := w.job(t, s)
	j.Suspect = 0.8
	report, err := j.Run(t.Context())
	a := w.attempt(t)
	if suspect, ok := errors.AsType[*SuspectError](err); ok {
		if a.Outcome != store.OutcomeSuspect || a.Message != suspect.Suspect.Reason || a.Failures != 0 || report.Dirs == 0 || report.Snapshot.Seq != 0 {
			t.Errorf("attempt %+v, report %+v", a, report)
		}
		return &suspect.Suspect
	}
	if err != nil || a.Outcome != store.OutcomePublished {
		t.Fatalf("%v; attempt %+v", err, a)
	}
	return nil
}

// without is the archive without some of its directories.
func without(dirs ...mirror.Path) *fakeSite {
	s := archive()
	for _, d := range dirs {
		s.dirs[d] = nil
	}
	return s
}

func TestSuspects(t *testing.T) {
	w := newWorld(t)
	steps := []struct {
		name    string
		site    *fakeSite
		suspect string
		seq     int64 // in force afterwards
	}{
		{"first", archive(), "", 1},
		{"two of five refused", without("/d1", "/d3"), "58 files and directories with 57 B were found, where 92 with 93 B are known; less than 80 % is not believed at once; 2 incomplete, the first: /d1/", 1},
		{"as usual", archive(), "", 2},
		{"refused again", without("/d1", "/d3"), "58 files", 2},
		{"another state", without("/d1", "/d2", "/d3", "/d4"), "24 files", 2},
		{"the same state", without("/d1", "/d2", "/d3", "/d4"), "", 3},
		{"and again", without("/d1", "/d2", "/d3", "/d4"), "", 4},
		{"all is well", archive(), "", 5},
	}
	for _, step := range steps {
		got := w.visit(t, step.site)
		if (got == nil) != (step.suspect == "") || got != nil && !strings.HasPrefix(got.Reason, step.suspect) || w.seq(t) != step.seq {
			t.Errorf("%s: suspect %+v, snapshot %d", step.name, got, w.seq(t))
		}
		kept, err := w.Suspect(t.Context(), w.site.ID())
		if got == nil && !errors.Is(err, store.ErrNoSuspect) || got != nil && (err != nil || kept.Root != got.Root) {
			t.Errorf("%s: kept aside %+v, %v", step.name, kept, err)
		}
	}
}

// A suspect ends a crawl: the one that is to confirm it lists all anew.
func TestSuspectIsNotConfirmedByItself(t *testing.T) {
	w := newWorld(t)
	w.visit(t, archive())
	w.visit(t, without("/d1", "/d3"))
	again := without("/d1", "/d3")
	if w.visit(t, again) != nil || len(again.lists) != 21 {
		t.Errorf("%d directories were listed", len(again.lists))
	}
}

func TestFlapping(t *testing.T) {
	// Each letter is a state of the directory: "." it is empty, "-" it is away.
	for _, c := range []struct {
		visits string
		want   bool
	}{
		{"", false},
		{"A", false},
		{"AAAAAAAA", false},
		{"ABCDEFGH", false},
		{"ABA", false}, // undone
		{"AABBAAA", false},
		{"ABAB", true}, // two machines
		{"AABBBAABB", true},
		{"ABACA", true},  // one of them stands still
		{"ABCABC", true}, // three
		{"A-A-A-A", false},
		{"A.A.", false},
		{".A.B.C.D", false}, // uploads
		{"A.A.A", true},
		{"ABABCDEFGHIJ", true},
		{"ABABCCCCCCCCC", true},   // calm for nine visits
		{"ABABCCCCCCCCCC", false}, // for ten
		{"ABACCCCCCCCCCCA", true},
	} {
		visits := make([][]digest.Child, len(c.visits))
		for i, state := range c.visits {
			visits[i] = []digest.Child{{Name: "always", ID: digest.ID{1}}, {Name: "busy", ID: digest.ID{2, byte(i)}}}
			switch state {
			case '.':
				visits[i] = append(visits[i], digest.Child{Name: "pub", ID: emptyTree})
			case '-':
			default:
				visits[i] = append(visits[i], digest.Child{Name: "pub", ID: digest.ID{byte(state)}})
			}
		}
		if got := flapping(visits); (got != "") != c.want || c.want && !strings.HasPrefix(got, "/pub/ was found") {
			t.Errorf("%s: %q", c.visits, got)
		}
	}
}

// A site that flaps is marked, until it has been calm for long enough. Refusals make
// other trees, but no other machines.
func TestFlappingIsMarked(t *testing.T) {
	machines := map[byte]func(*fakeSite){
		'a': func(*fakeSite) {},
		'b': func(s *fakeSite) { s.dirs["/d2/d2"] = nil; s.dirs["/d2"] = append(s.dirs["/d2"], file("late", 1)) },
		'r': func(s *fakeSite) { s.dirs["/d2/d2"] = nil },
		'l': func(s *fakeSite) { s.dirs["/d2"] = append(s.dirs["/d2"], file("late", 1)) },
		'x': func(s *fakeSite) { s.dirs["/d2"] = append(s.dirs["/d2"], file("later", 1)) },
	}
	for visits, want := range map[string]string{ // whether it is marked after each
		"alalxxxxxxxxxx": "...FFFFFFFFFF.",
		"ararbrb":        "......F",
	} {
		w := newWorld(t)
		var got strings.Builder
		for _, visit := range visits {
			s := archive()
			machines[byte(visit)](s)
			if _, err := w.job(t, s).Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			mark := "."
			if a := w.attempt(t); strings.HasPrefix(a.Flapping, "/d2/") && time.Since(a.FlappingSince) < time.Hour {
				mark = "F"
			}
			got.WriteString(mark)
		}
		if got.String() != want {
			t.Errorf("%s: marked %s, want %s", visits, got.String(), want)
		}
	}
}
