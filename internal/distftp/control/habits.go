package control

import (
	"hash/maphash"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Habits remember for an hour how clients take to connections with holders elsewhere, which
// shows only when it is tried: by address, user and program. What they hold is bounded as a
// [memory] is.
type habits struct {
	seed maphash.Seed

	mu         sync.Mutex
	young, old map[habitual]habit
}

// A habitual is one program of one user at one address, behind which there can be many.
type habitual struct {
	from netip.Prefix
	name uint64 // a hash of program and user
}

// A habit is what is known of one.
type habit struct {
	comes   opinion // to the address that PASV names, if that is not ours
	obeys   opinion // the address that EPSV names after CEPR
	accepts opinion // connections from elsewhere to the address that PORT named
}

// An opinion is of something that was tried, and counts for a while.
type opinion struct {
	likes bool
	until time.Time
}

// lasting is for how long an opinion counts. Programs change little, but addresses are
// shared, and networks change.
const lasting = time.Hour

func (o opinion) known(now time.Time) bool    { return now.Before(o.until) }
func (o opinion) dislikes(now time.Time) bool { return o.known(now) && !o.likes }

func newHabits() *habits {
	return &habits{seed: maphash.MakeSeed(), young: map[habitual]habit{}}
}

// whose returns who a program of a user at an address is, as far as habits go.
func (h *habits) whose(from netip.Prefix, program, user string) habitual {
	return habitual{from, maphash.Comparable(h.seed, [2]string{program, user})}
}

// of returns what is known of somebody.
func (h *habits) of(who habitual) habit {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.get(who)
}

// get needs the lock.
func (h *habits) get(who habitual) habit {
	if known, ok := h.young[who]; ok {
		return known
	}
	return h.old[who]
}

// learn notes an opinion, of one of the things that there are to a habit.
func (h *habits) learn(who habitual, of func(*habit) *opinion, likes bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	known := h.get(who)
	*of(&known) = opinion{likes, time.Now().Add(lasting)}
	if len(h.young) >= generation {
		h.young, h.old = map[habitual]habit{}, h.young
	}
	h.young[who] = known
}

func coming(h *habit) *opinion    { return &h.comes }
func obeying(h *habit) *opinion   { return &h.obeys }
func accepting(h *habit) *opinion { return &h.accepts }

// Signs of which program a client is that does not say so.
type signs uint8

// The signs: it asked for SYST, for FEAT, and told something of itself or its wishes (CLNT,
// CSID, OPTS).
const (
	askedSyst signs = 1 << iota
	askedFeat
	toldMore
)

// shy reports whether they are those of tnftp, which ends the session where PASV names
// another address than ours.
func (s signs) shy() bool { return s == askedSyst|askedFeat }

// picky reports whether a program is known to accept no data connection but from the
// address of the control connection. ncftp says so, and takes the transfer for failed.
func picky(program string) bool { return strings.HasPrefix(program, "NcFTP") }
