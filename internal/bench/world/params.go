package world

import (
	"fmt"
	"hash/fnv"
)

// version goes up whenever the same Params give another world.
const version = 2

// Params determine a world.
type Params struct {
	Dirs     int    `json:"dirs"`     // directories, counted over the sites
	Sites    int    `json:"sites"`    // a multiple of 20
	Seed     uint64 `json:"seed"`     // other worlds of the same kind
	Distinct bool   `json:"distinct"` // no site is a mirror of another: the most trees for its directories
}

// Full is the world of which the redirector's figures are asked: ten million directories
// on 200 sites.
var Full = Params{Dirs: 10_000_000, Sites: 200, Seed: 1}

// fewest is how many directories a site has at least, for all kinds of them to be there.
const fewest = 50

// Validate says what is wrong with them.
func (p Params) Validate() error {
	switch {
	case p.Sites < 20 || p.Sites%20 != 0:
		return fmt.Errorf("%d sites are not a multiple of 20", p.Sites)
	case p.Dirs < fewest*p.Sites:
		return fmt.Errorf("%d directories on %d sites are too few; each has at least %d", p.Dirs, p.Sites, fewest)
	}
	return nil
}

// String is a name for the world, fit for a file.
func (p Params) String() string {
	name := fmt.Sprintf("%d-%d-%d", p.Dirs, p.Sites, p.Seed)
	if p.Distinct {
		name += "-distinct"
	}
	return fmt.Sprintf("%s-v%d", name, version)
}

// random returns a sequence for something in the world.
func (p Params) random(what string, number int) random {
	h := fnv.New64a()
	h.Write([]byte(what))
	return newRandom(p.Seed, h.Sum64(), uint64(number))
}
