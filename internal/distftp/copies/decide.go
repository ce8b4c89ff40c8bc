package copies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mirrortracker/internal/distftp/choice"
)

// A Standing is what matters of a slave for where copies should be.
type Standing struct {
	Name     string
	Rack     string // two slaves with one label fail together; "": it stands alone
	Online   bool   // it can be asked to give and to take
	Draining bool   // it shall lose all its copies
	Lost     bool   // it has been away for so long that its copies do not count
}

// rack returns what must differ between copies.
func (s Standing) rack() string {
	if s.Rack == "" {
		return "\x00" + s.Name // no label is like that
	}
	return s.Rack
}

// A Decision is the next step for one file. At most one of To and Drop is set; with
// neither there is nothing that could be done now.
type Decision struct {
	From []string // slaves that can give a copy
	To   []string // slaves of which one should take a copy
	Drop string   // a slave whose copy is one too many
	Keep int      // how many other copies must be there when that goes

	Have, Want int
	Lacks      string // why the file does not have as many copies as it should, and cannot get them now; "" if it has or can
}

// Settled reports whether everything is as it should be.
func (d Decision) Settled() bool { return len(d.To) == 0 && d.Drop == "" && d.Lacks == "" }

// Decide finds the next step for a file that these slaves hold. It is pure. First comes what is
// missing; only when enough copies are at slaves that can be reached, a surplus one goes.
//
// A copy counts if its slave is not lost, not being drained, may hold it by the rule, and
// does not share the rack with one that counts already. One on a slave that is away for a
// short while counts, too, but no other copy goes because of it.
func Decide(rule choice.Rule, holders []string, slaves map[string]Standing) Decision {
	d := Decision{Want: rule.Copies}
	racks, reachable := map[string]bool{}, 0
	var surplus []string
	for _, name := range best(rule, holders, slaves) {
		s, known := slaves[name]
		if known && s.Online {
			d.From = append(d.From, name)
		}
		switch {
		case !known, s.Lost:
			continue
		case s.Draining, !rule.Allows(name), racks[s.rack()], d.Have == d.Want:
			surplus = append(surplus, name)
			continue
		}
		racks[s.rack()] = true
		d.Have++
		if s.Online {
			reachable++
		}
	}
	switch {
	case d.Have < d.Want:
		d.add(rule, holders, slaves, racks)
	case reachable == d.Want:
		for _, name := range slices.Backward(surplus) {
			if slaves[name].Online {
				d.Drop, d.Keep = name, d.Want
				break
			}
		}
	}
	return d
}

// add finds out who could take a further copy.
func (d *Decision) add(rule choice.Rule, holders []string, slaves map[string]Standing, racks map[string]bool) {
	if len(d.From) == 0 {
		d.Lacks = "no slave that has it can be reached: " + cmp.Or(strings.Join(holders, ", "), "none has it")
		return
	}
	away, sharing := 0, 0
	for name, s := range slaves {
		switch {
		case slices.Contains(holders, name), s.Draining, s.Lost, !rule.Allows(name):
		case racks[s.rack()]:
			sharing++
		case !s.Online:
			away++
		default:
			d.To = append(d.To, name)
		}
	}
	slices.Sort(d.To)
	if len(d.To) > 0 {
		return
	}
	d.Lacks = fmt.Sprintf("%d of %d copies, and no further slave may take one", d.Have, d.Want)
	if away > 0 {
		d.Lacks += fmt.Sprintf(", %d away", away)
	}
	if sharing > 0 {
		d.Lacks += fmt.Sprintf(", %d in a rack that has one", sharing)
	}
}

// best sorts slaves that hold a file, those that shall keep it first: those that the rule
// prefers, those that can be reached.
func best(rule choice.Rule, holders []string, slaves map[string]Standing) []string {
	rank := func(name string) int {
		n := 0
		if !slaves[name].Online {
			n++
		}
		if rule.Avoids(name) {
			n += 2
		}
		if !rule.Prefers(name) {
			n += 4
		}
		return n
	}
	sorted := slices.Clone(holders)
	slices.SortFunc(sorted, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) })
	return sorted
}
