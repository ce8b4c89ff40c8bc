package storage

import (
	"sync"

	"mirrortracker/internal/distftp/wire"
)

// maxRemembered bounds the memory that remembering takes, to a few MiB.
const maxRemembered = 1 << 15

// A memory has what the index said of some paths, so that what is wanted often is not looked
// up each time. What is put into it was true at one generation, and is not taken when
// something was forgotten since.
type memory[V any] struct {
	mu         sync.RWMutex
	values     map[wire.Path]V
	generation uint64
}

// get returns what is remembered, or to which generation it is to be put.
func (m *memory[V]) get(p wire.Path) (value V, generation uint64, found bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	value, found = m.values[p]
	return value, m.generation, found
}

// put remembers something, unless anything was forgotten since get.
func (m *memory[V]) put(p wire.Path, value V, generation uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if generation != m.generation {
		return
	}
	if m.values == nil || len(m.values) >= maxRemembered {
		m.values = map[wire.Path]V{}
	}
	m.values[p] = value
}

// forget forgets some paths, or all of them.
func (m *memory[V]) forget(all bool, paths []wire.Path) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.generation++
	if all {
		m.values = nil
	}
	for _, p := range paths {
		delete(m.values, p)
	}
}
