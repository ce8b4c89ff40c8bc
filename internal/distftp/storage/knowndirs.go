package storage

import (
	"sync"

	"mirrortracker/internal/distftp/wire"
)

// maxKnownDirs bounds the memory that remembering directories takes, to a few MiB.
const maxKnownDirs = 1 << 14

// knownDirs remembers the rows of directories, so that a look-up does not go through all
// components of a path. All are forgotten when one is renamed or goes.
type knownDirs struct {
	mu         sync.Mutex
	ids        map[wire.Path]int64
	generation uint64
}

// get returns a directory's row, or to which generation it is to be put.
func (k *knownDirs) get(p wire.Path) (id int64, generation uint64, found bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	id, found = k.ids[p]
	return id, k.generation, found
}

// put remembers a row, unless all were forgotten since get.
func (k *knownDirs) put(p wire.Path, id int64, generation uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if generation != k.generation {
		return
	}
	if k.ids == nil || len(k.ids) >= maxKnownDirs {
		k.ids = map[wire.Path]int64{}
	}
	k.ids[p] = id
}

func (k *knownDirs) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ids = nil
	k.generation++
}
