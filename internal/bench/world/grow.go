package world

import "mirrortracker/internal/digest"

// A grower makes trees.
type grower struct {
	digester *digest.Digester
	entries  []digest.Entry
	name     []byte // being made
	emit     func(*digest.Tree) error
}

func newGrower(emit func(*digest.Tree) error) *grower {
	return &grower{digester: digest.NewDigester(), emit: emit}
}

// tree makes the tree of what is in entries.
func (g *grower) tree() (digest.Summary, error) {
	kept, sound := digest.Clean(g.entries)
	reason := digest.Complete
	if !sound {
		reason = digest.Unparsable
	}
	t := g.digester.Tree(kept, reason)
	g.entries = g.entries[:0]
	return t.Summary, g.emit(t)
}

// grow makes the trees of what has changed in a hierarchy.
func (g *grower) grow(s *state) error {
	for n := len(s.dirs) - 1; n >= 0; n-- {
		if !s.dirty[n] {
			continue
		}
		s.dirty[n] = false
		g.list(s, int32(n))
		var err error
		if s.sums[n], err = g.tree(); err != nil {
			return err
		}
	}
	return nil
}

// list appends what is in a directory.
func (g *grower) list(s *state, n int32) {
	for _, kid := range s.kids[n] {
		g.entries = append(g.entries, digest.Entry{Name: s.dirs[kid].name, Kind: digest.Dir, Sub: &s.sums[kid]})
	}
	g.files(s, n)
	if kids := s.kids[n]; len(kids) > 0 && n%linkEvery == 0 {
		g.entries = append(g.entries, digest.Entry{Name: "latest", Kind: digest.Link, Target: s.dirs[kids[0]].name})
	}
}

// linkEvery is how many directories there are for one that may have a link.
const linkEvery = 64

// with makes a directory's tree as if a file were added to a directory below it or to
// itself, and returns its summary. It changes nothing in the state.
func (g *grower) with(s *state, in int32, file digest.Entry) (sum digest.Summary, err error) {
	add := file
	for n := in; n >= 0; n = s.dirs[n].parent {
		g.list(s, n)
		for i := range g.entries {
			if g.entries[i].Name == add.Name {
				g.entries[i] = g.entries[len(g.entries)-1]
				g.entries = g.entries[:len(g.entries)-1]
				break
			}
		}
		g.entries = append(g.entries, add)
		if sum, err = g.tree(); err != nil {
			return sum, err
		}
		below := sum
		add = digest.Entry{Name: s.dirs[n].name, Kind: digest.Dir, Sub: &below}
	}
	return sum, nil
}
