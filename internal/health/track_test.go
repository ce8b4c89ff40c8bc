package health

import (
	"testing"
	"time"

	"mirrortracker/internal/mirror"
)

var dawn = time.Date(2026, 3, 8, 6, 0, 0, 0, time.UTC)

func lacks(path mirror.Path) finding {
	return finding{verdict: missing, file: path, reason: "404 for " + string(path)}
}

var (
	fine    = finding{}
	refuses = finding{verdict: failed, reason: "connection refused"}
	nowhere = finding{verdict: absent, reason: "no such address"}
	offline = finding{verdict: ours, reason: "no network"}
	later   = finding{verdict: busy, reason: "429"}
)

// What wants to fall falls at once here.
func TestTrack(t *testing.T) {
	for name, c := range map[string]struct {
		found []finding
		want  []State
	}{
		"up at once":                 {[]finding{fine}, []State{Up}},
		"one failure is none":        {[]finding{fine, refuses, fine, refuses}, []State{Up, Up, Up, Up}},
		"two in a row are":           {[]finding{fine, refuses, refuses}, []State{Up, Up, Down}},
		"never was up":               {[]finding{refuses, refuses}, []State{Unknown, Down}},
		"returns at once":            {[]finding{refuses, refuses, fine}, []State{Unknown, Down, Up}},
		"returns slower":             {[]finding{refuses, refuses, fine, refuses, refuses, fine, fine}, []State{Unknown, Down, Up, Up, Down, Down, Up}},
		"must not fail in between":   {[]finding{refuses, refuses, fine, refuses, refuses, fine, refuses, fine, fine}, []State{Unknown, Down, Up, Up, Down, Down, Down, Down, Up}},
		"two files are missing":      {[]finding{fine, lacks("/a"), lacks("/b")}, []State{Up, Stale, Down}},
		"one file is missing":        {[]finding{fine, lacks("/a"), lacks("/a"), lacks("/a")}, []State{Up, Stale, Stale, Stale}},
		"a missing file comes back":  {[]finding{lacks("/a"), fine}, []State{Stale, Up}},
		"missing and then no answer": {[]finding{fine, lacks("/a"), refuses}, []State{Up, Stale, Down}},
		"has no such address":        {[]finding{nowhere, nowhere, fine}, []State{Absent, Absent, Up}},
		"loses its address":          {[]finding{fine, nowhere, nowhere}, []State{Up, Up, Absent}},
		"gets a bad address":         {[]finding{nowhere, refuses, refuses}, []State{Absent, Down, Down}},
		"down, then no address":      {[]finding{refuses, refuses, nowhere}, []State{Unknown, Down, Absent}},
		"we are offline":             {[]finding{fine, refuses, offline, refuses}, []State{Up, Up, Unknown, Unknown}},
		"was down, we are offline":   {[]finding{refuses, refuses, offline}, []State{Unknown, Down, Unknown}},
		"absent stays so":            {[]finding{nowhere, offline}, []State{Absent, Absent}},
		"busy says nothing":          {[]finding{fine, later, refuses, later, refuses}, []State{Up, Up, Up, Up, Down}},
		"busy and down":              {[]finding{refuses, refuses, later}, []State{Unknown, Down, Down}},
	} {
		t.Run(name, func(t *testing.T) {
			var tr track
			now := dawn
			for i, f := range c.found {
				now = now.Add(20 * time.Second)
				tr.take(f, now)
				if tr.falling() {
					tr.fall(now)
				}
				if tr.state != c.want[i] {
					t.Fatalf("after %d: %v, want %v", i+1, tr.state, c.want[i])
				}
				if tr.state != Up && tr.state != Unknown && tr.reason == "" {
					t.Errorf("%v without a reason", tr.state)
				}
			}
		})
	}
}

func TestNext(t *testing.T) {
	const interval = 20 * time.Second
	var tr track
	now := dawn
	for i, c := range []struct {
		found finding
		want  time.Duration
	}{
		{fine, interval},
		{later, time.Minute},
		{offline, time.Minute},
		{refuses, interval / 4},
		{refuses, interval}, // falls
		{refuses, 30 * time.Second},
		{refuses, 40 * time.Second},
		{refuses, 50 * time.Second},
		{refuses, time.Minute},
		{refuses, time.Minute},
		{fine, interval},
		{refuses, interval / 4},
		{refuses, interval}, // falls again: now it must prove itself
		{fine, interval / 2},
		{fine, interval},
		{nowhere, interval / 4},
		{nowhere, time.Minute},
	} {
		now = now.Add(time.Second)
		tr.take(c.found, now)
		got := tr.next(c.found.verdict, interval)
		if tr.falling() {
			tr.fall(now)
			got = tr.next(c.found.verdict, interval)
		}
		if got != c.want {
			t.Errorf("%d: in %v, want %v", i, got, c.want)
		}
	}
	// What fell long ago is forgiven.
	tr = track{state: Down, falls: []time.Time{dawn, dawn, dawn}}
	tr.take(fine, dawn.Add(flapMemory+time.Second))
	if tr.state != Up {
		t.Errorf("%v after a long time", tr.state)
	}
	// Those that fall all the time are not asked for ever more.
	for range 20 {
		tr.falls = append(tr.falls, dawn)
	}
	if n := tr.probation(dawn); n != maxReturn {
		t.Errorf("%d good checks are asked for", n)
	}
}
