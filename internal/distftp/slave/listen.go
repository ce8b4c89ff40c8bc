package slave

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/wire"
)

// maxListeners is how many ports are open at a time for clients that have not come.
const maxListeners = 4096

// listeners are the ports that are open, by number. Numbers are drawn at random, so that
// masters do not take each other's.
type listeners struct {
	mu     sync.Mutex
	open   map[uint64]*listener
	closed bool
}

// A listener is open until a transfer takes it, or its time is over.
type listener struct {
	*data.Listener
	over *time.Timer
}

// Listen implements [wire.Slave].
func (s *Slave) Listen(ctx context.Context, l wire.Listen) (wire.Listening, error) {
	at, ok := s.address(l.Family)
	if !ok {
		return wire.Listening{}, &wire.Failure{Reason: wire.NoPort, Text: "the slave has no address of this family"}
	}
	ln, err := data.Listen(ctx, at.Local, s.Ports, data.Partner{
		Peer:    l.Peer,
		Local:   netip.AddrPortFrom(at.Local, 0),
		Foreign: l.Foreign,
		Stranger: func(from netip.Addr) {
			s.Log.Warn("data connection from elsewhere", "from", from, "peer", l.Peer)
		},
	}, l.Timeout)
	if err != nil {
		return wire.Listening{}, &wire.Failure{Reason: wire.NoPort, Text: err.Error()}
	}
	number, err := s.listeners.add(ln, l.Timeout)
	if err != nil {
		ln.Close()
		return wire.Listening{}, err
	}
	return wire.Listening{Listener: number, Addr: netip.AddrPortFrom(at.Public, ln.Addr().Port())}, nil
}

// Unlisten implements [wire.Slave].
func (s *Slave) Unlisten(_ context.Context, number uint64) error {
	if l, err := s.listeners.take(number); err == nil {
		l.Close()
	}
	return nil
}

// address returns the slave's address of a family, 4 or 6.
func (s *Slave) address(family int) (Address, bool) {
	for _, a := range s.Data {
		if a.Local.Is4() == (family == 4) {
			return a, true
		}
	}
	return Address{}, false
}

func (l *listeners) add(ln *data.Listener, timeout time.Duration) (number uint64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return 0, stopping
	case len(l.open) >= maxListeners:
		return 0, &wire.Failure{Reason: wire.Busy, Text: "too many ports are open for clients that do not come"}
	}
	for number == 0 || l.open[number] != nil {
		var b [8]byte
		rand.Read(b[:]) // never fails
		number = binary.BigEndian.Uint64(b[:])
	}
	l.open[number] = &listener{ln, time.AfterFunc(timeout, func() {
		if late, err := l.take(number); err == nil {
			late.Close()
		}
	})}
	return number, nil
}

// take hands a listener over to its transfer.
func (l *listeners) take(number uint64) (*data.Listener, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln, ok := l.open[number]
	if !ok {
		return nil, &wire.Failure{Reason: wire.Unknown, Text: "no such listener, or its time is over"}
	}
	delete(l.open, number)
	ln.over.Stop()
	return ln.Listener, nil
}

// close closes all that nobody has taken.
func (l *listeners) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	var failed []error
	for number, ln := range l.open {
		ln.over.Stop()
		failed = append(failed, ln.Close())
		delete(l.open, number)
	}
	return errors.Join(failed...)
}
