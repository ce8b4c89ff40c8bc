package mirrors

import "mirrortracker/internal/mirror"

// An Entry is a group of sites that have the same directories, by its MirrorID.
type Entry struct {
	ID      int
	Members []*Member // in the order in which they were added; never empty
}

// A Member is a site of an entry.
type Member struct {
	Alias   *Alias // nil: the site is our own
	Weight  int    // its share among all: weight / sum of weights
	Default bool   // it takes the place of one that fails; of each entry one is
}

// Local is the name of our own site, as a member.
const Local = "LOCAL"

// Bounds of entries.
const (
	MaxID     = 1<<31 - 1
	MaxWeight = mirror.MaxWeight
)

// Name returns the path of the alias, or [Local].
func (m *Member) Name() string {
	if m.Alias == nil {
		return Local
	}
	return string(m.Alias.Path)
}

// Default returns the member that takes the place of one that fails.
func (e *Entry) Default() *Member {
	for _, m := range e.Members {
		if m.Default {
			return m
		}
	}
	return nil
}

// Share returns which part of all downloads a member is to get, from 0 to 1. Where all
// weigh nothing, the default gets them.
func (e *Entry) Share(m *Member) float64 {
	sum := 0
	for _, other := range e.Members {
		sum += other.Weight
	}
	switch {
	case sum > 0:
		return float64(m.Weight) / float64(sum)
	case m.Default:
		return 1
	}
	return 0
}

// A Binding says who may send the files below a directory in our place.
type Binding struct {
	Dir        mirror.Path
	Entry      *Entry // nil: whoever the tracker knows to have it (AUTO)
	URL        string // of AUTO: the tracked directory that it is; "": it is found by its content
	Configured bool   // it stands in the configuration, not in the database
}

// Auto reports whether the tracker knows the members.
func (b *Binding) Auto() bool { return b.Entry == nil }
