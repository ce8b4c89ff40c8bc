package remote

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/mirror"
)

// How long something is held against a member, and for how many.
const (
	keepFault   = 10 * time.Minute // it has another file than we
	keepFailure = time.Minute      // a client could not be served by it
	mostHeld    = 10_000
)

// A memory is what is held against members. The zero value is ready to be used.
type memory struct {
	mu       sync.Mutex
	faults   map[faulty]mirrors.Fault
	failures map[failing]time.Time
}

// A faulty member has other files in a directory.
type faulty struct {
	server Server
	dir    mirror.Path
}

// A failing member could not serve a client.
type failing struct {
	server Server
	client netip.Addr
}

// fault notes one.
func (m *memory) fault(s Server, f mirrors.Fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f.Until = time.Now().Add(keepFault)
	if m.faults == nil {
		m.faults = map[faulty]mirrors.Fault{}
	}
	tidy(m.faults, func(f mirrors.Fault) time.Time { return f.Until })
	m.faults[faulty{s, f.Dir}] = f
}

// failed notes that a client could not be served.
func (m *memory) failed(s Server, client netip.Addr) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failures == nil {
		m.failures = map[failing]time.Time{}
	}
	tidy(m.failures, func(until time.Time) time.Time { return until })
	m.failures[failing{s, client}] = time.Now().Add(keepFailure)
}

// against says what is held against a member, "" for nothing.
func (m *memory) against(s Server, dir mirror.Path, client netip.Addr) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if f, ok := m.faults[faulty{s, dir}]; ok && now.Before(f.Until) {
		return "it has not the same files: " + f.Why
	}
	if now.Before(m.failures[failing{s, client}]) {
		return "it has just failed for this client"
	}
	return ""
}

// all returns the faults that count.
func (m *memory) all() []mirrors.Fault {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []mirrors.Fault
	for _, f := range m.faults {
		if time.Now().Before(f.Until) {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b mirrors.Fault) int {
		if a.Dir != b.Dir {
			return strings.Compare(string(a.Dir), string(b.Dir))
		}
		return strings.Compare(a.Member, b.Member)
	})
	return all
}

// tidy makes room for one more when there are many: of what is over, or else of any.
func tidy[K comparable, V any](held map[K]V, until func(V) time.Time) {
	if len(held) < mostHeld {
		return
	}
	now := time.Now()
	for key, v := range held {
		if !now.Before(until(v)) {
			delete(held, key)
		}
	}
	for key := range held {
		if len(held) < mostHeld {
			return
		}
		delete(held, key)
	}
}

// Faults returns which members are not used for which directories, as they have other files.
func (o *Overlay) Faults() []mirrors.Fault { return o.memory.all() }
