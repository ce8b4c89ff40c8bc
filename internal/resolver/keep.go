package resolver

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver/segment"
	"mirrortracker/internal/store"
)

// A kept is what a cache folder has besides trees, so that a redirector can start
// while the database is away: the state of an index, of the sites as far as their
// trees are held.
type kept struct {
	Version   int              `json:"version"`
	Saved     time.Time        `json:"saved"`
	Sites     []mirror.Site    `json:"sites"`
	Snapshots []store.Snapshot `json:"snapshots"`
	Sound     int              `json:"sound"` // trees, when all segments were merged last
}

const keptVersion = 1

// Kept reports whether an index was kept in a cache folder, so that one can be served
// while the source is away.
func Kept(dir string) bool { return segment.Saved(dir) }

// A keeper has the folder in which an index outlives the process.
type keeper struct{ *segment.Cache }

// restore returns the index that was kept, with what else was; or nil if there is
// none.
func (k *keeper) restore(ctx context.Context, opts Options) (*Index, kept, error) {
	if k.Stack().Len() == 0 {
		return nil, kept{}, nil
	}
	file, err := k.read()
	if err != nil {
		return nil, kept{}, err
	}
	s := newState(file.Sites, file.Snapshots)
	held := make([]holding, len(s.sites))
	for i := range s.sites {
		if snapshot, ok := s.current[s.sites[i].ID()]; ok {
			root, ok := k.Stack().Find(snapshot.Root)
			held[i] = holding{snapshot, root, ok}
		}
	}
	x, err := newIndex(ctx, s.roster(nil), held, newHierarchies(k.Stack(), nil, opts.bounds), opts)
	if err != nil || x.Indexed() == 0 {
		return nil, kept{}, err
	}
	return x, file, nil
}

func (k *keeper) read() (file kept, err error) {
	if err := json.Unmarshal(k.About(), &file); err != nil {
		return file, err
	}
	if file.Version != keptVersion {
		return file, fmt.Errorf("they are of version %d and not %d", file.Version, keptVersion)
	}
	return file, nil
}

// save keeps an index. It waits for the disk.
func (k *keeper) save(x *Index, sound int, now time.Time) error {
	if k.Dir() == "" {
		return nil
	}
	file := kept{Version: keptVersion, Saved: now.UTC(), Sites: x.roster.Sites, Sound: sound}
	for _, t := range x.sites {
		if t.hierarchy != nil {
			file.Snapshots = append(file.Snapshots, t.snapshot)
		}
	}
	about, err := json.Marshal(file)
	if err != nil {
		return err
	}
	return k.Save(x.trees, about)
}

// stub is what an index without sites has of a folder's trees, so that they need
// not be read again.
func (k *keeper) stub(opts Options) *Index {
	return &Index{opts: opts, roster: &Roster{}, trees: k.Stack(), large: map[digest.ID]error{}}
}
