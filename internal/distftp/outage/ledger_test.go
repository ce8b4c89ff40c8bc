package outage

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// A tree is what is in a client's directory: the content of each file, as the numbers of
// the pieces that it consists of. There is one directory in it, which is renamed now and
// then; files in it have names that begin with "box/".
type tree struct {
	box   int // number of the directory's name
	files map[string][]int
}

func (t tree) clone() tree { return tree{t.box, maps.Clone(t.files)} }

// path is where a file is, relative to the client's directory.
func (t tree) path(name string) string {
	if inside, ok := strings.CutPrefix(name, "box/"); ok {
		return fmt.Sprintf("box-%d/%s", t.box, inside)
	}
	return name
}

// paths are all files that there are, with what they contain, and the directory, whose name
// ends with a slash: without files it can be told from another only by that.
func (t tree) paths() map[string][]int {
	all := map[string][]int{t.path("box/"): nil}
	for name, pieces := range t.files {
		all[t.path(name)] = pieces
	}
	return all
}

// piece makes a piece of content, which tells its number and is whole only with its end.
func piece(n int) []byte {
	lines := 300
	if n%4 == 0 {
		lines = 30_000
	}
	return append(bytes.Repeat(fmt.Appendf(nil, "%09d\n", n), lines), "end\n"...)
}

// pieces tells which pieces a content consists of.
func pieces(content []byte) (numbers []int, err error) {
	for rest := content; len(rest) > 0; {
		var n int
		if _, err := fmt.Sscanf(string(rest[:min(10, len(rest))]), "%09d\n", &n); err != nil {
			return numbers, fmt.Errorf("after %v: no piece begins with %.20q", numbers, rest)
		}
		p := piece(n)
		if !bytes.HasPrefix(rest, p) {
			return numbers, fmt.Errorf("after %v: piece %d is not whole: %d bytes of %d", numbers, n, len(rest), len(p))
		}
		numbers = append(numbers, n)
		rest = rest[len(p):]
	}
	return numbers, nil
}

// A ledger is what a client knows of its directory.
type ledger struct {
	dir   string
	known tree
	maybe *tree // known, as it would be after what was asked for and not answered
	next  int   // number of the next piece
}

// A change is one that a client asks for: the commands, the last of which makes it, and
// what is there afterwards. What is stored is the content of the last one, an upload.
type change struct {
	kind     string
	commands []string
	store    []byte // nil: no upload
	after    tree
}

// names are those that files have, few enough to be replaced often.
const names = 8

// draw makes up a change.
func (l *ledger) draw() change {
	now := l.known
	next := now.clone()
	file := func() string {
		name := fmt.Sprint("n", rand.IntN(names))
		if rand.IntN(3) == 0 {
			name = "box/" + name
		}
		return name
	}
	at := func(name string) string { return l.dir + "/" + now.path(name) }
	there := slices.Sorted(maps.Keys(now.files))
	what := rand.IntN(10)
	if len(there) == 0 {
		what = 0
	}
	var one string
	if len(there) > 0 {
		one = there[rand.IntN(len(there))]
	}
	other := file()
	switch {
	case what < 4:
		l.next++
		next.files[other] = []int{l.next}
		return change{"store", []string{"STOR " + at(other)}, piece(l.next), next}
	case what == 4 && len(now.files[one]) < 5:
		l.next++
		next.files[one] = append(slices.Clone(now.files[one]), l.next)
		return change{"append", []string{"APPE " + at(one)}, piece(l.next), next}
	case what == 5 || what == 4:
		delete(next.files, one)
		return change{"delete", []string{"DELE " + at(one)}, nil, next}
	case what == 6:
		next.box++
		return change{"move", []string{fmt.Sprintf("RNFR %s/box-%d", l.dir, now.box), fmt.Sprintf("RNTO %s/box-%d", l.dir, next.box)}, nil, next}
	case what == 7 && one != other:
		next.files[other] = now.files[one]
		return change{"copy", []string{"SITE CPFR " + at(one), "SITE CPTO " + at(other)}, nil, next}
	case one != other:
		delete(next.files, one)
		next.files[other] = now.files[one]
		return change{"rename", []string{"RNFR " + at(one), "RNTO " + at(other)}, nil, next}
	}
	return l.draw()
}

// settle takes what was found as what is, if it can be. Otherwise it says what is wrong.
func (l *ledger) settle(found map[string][]int) error {
	if l.maybe != nil && same(found, l.maybe.paths()) {
		l.known = *l.maybe
	} else if !same(found, l.known.paths()) {
		return fmt.Errorf("in %s there is\n\t%v, want\n\t%v, or\n\t%v", l.dir, found, l.known.paths(), l.perhaps())
	}
	l.maybe = nil
	return nil
}

func (l *ledger) perhaps() map[string][]int {
	if l.maybe == nil {
		return nil
	}
	return l.maybe.paths()
}

func same(a, b map[string][]int) bool { return maps.EqualFunc(a, b, slices.Equal) }
