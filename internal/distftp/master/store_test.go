package master

import (
	"testing"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/wire"
)

// Where a new file may go: not to a slave that cannot give it its name for long, unless all
// are like that.
func TestTaker(t *testing.T) {
	a := func(name string, behind, drain bool, fault string) *slave {
		s := &slave{name: name}
		s.row.Store(&catalogue.Slave{Drain: drain})
		s.state.Store(&wire.State{Fault: fault})
		s.behind.Store(behind)
		return s
	}
	prompt, late := a("prompt", false, false, ""), a("late", true, false, "")
	emptied, broken := a("emptied", false, true, ""), a("broken", true, false, "read-only")
	tests := []struct {
		among []*slave
		want  []string
	}{
		{[]*slave{prompt, late}, []string{"", "behind with its names"}},
		{[]*slave{late}, []string{""}},
		{[]*slave{late, emptied, broken}, []string{"", "draining", "read-only"}},
		{[]*slave{prompt, emptied, broken}, []string{"", "draining", "read-only"}},
	}
	for _, test := range tests {
		why := taker(test.among)
		for i, s := range test.among {
			if got := why(s); got != test.want[i] {
				t.Errorf("%s among %d: %q, want %q", s.name, len(test.among), got, test.want[i])
			}
		}
	}
}
