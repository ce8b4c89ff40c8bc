package copies

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mirrortracker/internal/distftp/choice"
)

// fleet reads slaves such as "a/r1 b/r1 c! d~ e-": with racks, lost (!), being drained (~)
// or away (-).
func fleet(text string) map[string]Standing {
	all := map[string]Standing{}
	for word := range strings.FieldsSeq(text) {
		s := Standing{Online: true}
		name := strings.TrimRight(word, "!~-")
		for _, mark := range word[len(name):] {
			switch mark {
			case '!':
				s.Lost, s.Online = true, false
			case '~':
				s.Draining = true
			case '-':
				s.Online = false
			}
		}
		s.Name, s.Rack, _ = strings.Cut(name, "/")
		all[s.Name] = s
	}
	return all
}

func TestDecide(t *testing.T) {
	two := choice.Rule{Path: "/", Copies: 2}
	tests := []struct {
		name    string
		rule    choice.Rule
		slaves  string
		holders string
		want    string // "FROM>TO", "-NAME", "" or what is lacking
	}{
		{"as it should be", two, "a b c", "a b", ""},
		{"one missing", two, "a b c", "a", "a>b c"},
		{"one too many", two, "a b c", "a b c", "-c"},
		{"preferred ones stay", choice.Rule{Copies: 1, Prefer: []string{"c"}}, "a b c", "a c", "-a"},
		{"racks are kept apart", two, "a/1 b/1 c/2", "a", "a>c"},
		{"two in one rack are one", two, "a/1 b/1 c/2", "a b", "a b>c"},
		{"and one goes when a third is there", two, "a/1 b/1 c/2", "a b c", "-b"},
		{"no other rack", two, "a/1 b/1", "a", "1 of 2 copies, and no further slave may take one, 1 in a rack that has one"},
		{"away for a short while", two, "a b- c", "a b", ""},
		{"a surplus stays while one that counts is away", two, "a b- c~", "a b c", ""},
		{"preferring those that are there", choice.Rule{Copies: 1}, "a- b", "a b", ""},
		{"lost", two, "a b! c", "a b", "a>c"},
		{"lost and replaced", two, "a b! c", "a b c", ""},
		{"back again", two, "a b c", "a b c", "-c"},
		{"drained", choice.Rule{Copies: 1}, "a~ b", "a", "a>b"},
		{"drained and copied", choice.Rule{Copies: 1}, "a~ b", "a b", "-a"},
		{"drained without another", choice.Rule{Copies: 1}, "a~ b-", "a", "0 of 1 copies, and no further slave may take one, 1 away"},
		{"nobody can give", two, "a- b", "a", "no slave that has it can be reached: a"},
		{"nobody has it", two, "a b", "", "no slave that has it can be reached: none has it"},
		{"a slave that is gone", two, "a b", "a x", "a>b"},
		{"kept out", choice.Rule{Copies: 1, Only: []string{"b*"}}, "a b1", "a", "a>b1"},
		{"kept out and copied", choice.Rule{Copies: 1, Only: []string{"b*"}}, "a b1", "a b1", "-a"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := Decide(tt.rule, strings.Fields(tt.holders), fleet(tt.slaves))
			got := d.Lacks
			switch {
			case d.Drop != "":
				got = "-" + d.Drop
			case len(d.To) > 0:
				got = strings.Join(d.From, " ") + ">" + strings.Join(d.To, " ")
			}
			if got != tt.want {
				t.Errorf("decided %q (%+v), want %q", got, d, tt.want)
			}
			if d.Settled() != (tt.want == "") {
				t.Errorf("settled is %v", d.Settled())
			}
		})
	}
}

// Whatever happens to slaves, step by step a file comes to rest, with as many copies as can
// be, none on a slave that should not have one as far as others can, and it never has fewer
// copies within reach than before unless it has all it should have.
func TestDecisionsComeToRest(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		slaves := map[string]Standing{}
		var holders []string
		for i := range 1 + random.IntN(6) {
			s := Standing{Name: fmt.Sprint("s", i), Online: random.IntN(4) > 0, Draining: random.IntN(5) == 0}
			s.Lost = !s.Online && random.IntN(2) == 0
			if random.IntN(2) == 0 {
				s.Rack = fmt.Sprint("r", random.IntN(3))
			}
			slaves[s.Name] = s
			if random.IntN(2) == 0 {
				holders = append(holders, s.Name)
			}
		}
		rule := choice.Rule{Copies: 1 + random.IntN(3)}
		if random.IntN(3) == 0 {
			rule.Only = []string{"s[0-3]"}
		}
		d, steps := Decide(rule, holders, slaves), 0
		for ; len(d.To) > 0 || d.Drop != ""; d = Decide(rule, holders, slaves) {
			if steps++; steps > 12 {
				t.Fatalf("no rest: %v on %v of %v", rule, holders, slices.Collect(maps.Values(slaves)))
			}
			if d.Drop == "" {
				holders = append(holders, d.To[random.IntN(len(d.To))])
				continue
			}
			holders = slices.DeleteFunc(slices.Clone(holders), func(name string) bool { return name == d.Drop })
			reached := 0
			for _, name := range holders {
				if slaves[name].Online {
					reached++
				}
			}
			if reached < rule.Copies {
				t.Fatalf("%d copies within reach are left of %v, want %d", reached, holders, rule.Copies)
			}
		}
		if d.Lacks == "" && d.Have < d.Want {
			t.Fatalf("rests with %+v", d)
		}
	}
}
