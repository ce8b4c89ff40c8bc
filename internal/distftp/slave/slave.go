package slave

import (
	"context"
	"crypto/tls"
	"iter"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/storage"
	"mirrortracker/internal/distftp/wire"
)

// Config says what a slave is.
type Config struct {
	Storage *storage.Storage // stays open until Wait has returned
	Data    []Address        // where clients meet it, at most one of each family
	Ports   data.Ports       // to which they come
	Relay   []net.Listener   // the relay port; they belong to the slave
	RelayAt []netip.AddrPort // where masters and slaves come to it

	// Server and Client are TLS among masters and slaves, for relays under TLS.
	Server, Client *tls.Config

	Software string
	Log      *slog.Logger
	Observer func(Transfer) // told of every transfer that has ended; nil: nobody
}

// An Address is one of a slave: of its own, to listen at and to come from, and how clients
// know it, which is another where an address translation is between them.
type Address struct{ Local, Public netip.Addr }

// A Slave does what masters say. It is a [wire.Slave].
type Slave struct {
	Config
	rack      atomic.Pointer[string]
	listeners listeners
	relay     relayPort
	load      load
	shown     atomic.Pointer[tls.Config] // to clients under TLS; nil: nothing
	hashing   chan struct{}              // has one for each checksum that is computed

	leave     chan struct{}  // closed when it stops
	listening sync.WaitGroup // those who are told news
	mu        sync.Mutex     // keeps more from listening once it has left
	left      bool
}

var _ wire.Slave = (*Slave)(nil)

// New makes a slave. [Slave.Run] sets it to work.
func New(c Config) *Slave {
	s := &Slave{Config: c, leave: make(chan struct{}), hashing: make(chan struct{}, hashings())}
	s.listeners.open = map[uint64]*listener{}
	s.relay.init(c.Log)
	s.load.init()
	s.SetRack("")
	return s
}

// Run takes connections to the relay port, and measures the load, until ctx ends; then it
// closes the listeners.
func (s *Slave) Run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	for _, ln := range s.Relay {
		work.Go(func() { s.relay.serve(ctx, ln) })
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.relay.close()
			s.listeners.close()
			return
		case <-tick.C:
			s.load.sample()
		}
	}
}

// SetRack says what fails together with this slave: others with the same label do.
func (s *Slave) SetRack(label string) { s.rack.Store(&label) }

// farewell is how long the masters may take to hear that the slave leaves.
const farewell = 5 * time.Second

// Leave has the slave begin nothing new, and waits for the transfers under way, no longer
// than until ctx ends. Then the masters are told how it is at the last.
func (s *Slave) Leave(ctx context.Context) error {
	err := s.load.drain(ctx)
	s.mu.Lock()
	if !s.left {
		s.left = true
		close(s.leave)
	}
	s.mu.Unlock()
	told := make(chan struct{})
	go func() {
		s.listening.Wait()
		close(told)
	}()
	select {
	case <-told:
	case <-time.After(farewell):
	}
	return err
}

// Wait returns when the last transfer has ended. It follows Leave, and the end of all links.
func (s *Slave) Wait() { _ = s.load.drain(context.Background()) }

// Apply, Directory, Operations, Forget and Duplicate are the storage's.

// Apply implements [wire.Slave].
func (s *Slave) Apply(ctx context.Context, intents []wire.Intent) (uint64, error) {
	return s.Storage.Apply(ctx, intents)
}

// Directory implements [wire.Slave].
func (s *Slave) Directory(ctx context.Context, dir wire.Path, deep bool) iter.Seq2[wire.Entry, error] {
	return s.Storage.Directory(ctx, dir, deep)
}

// Operations implements [wire.Slave].
func (s *Slave) Operations(ctx context.Context) ([]wire.Prepared, error) {
	return s.Storage.Operations(ctx)
}

// Forget implements [wire.Slave].
func (s *Slave) Forget(ctx context.Context, ops []uint64) error { return s.Storage.Forget(ctx, ops) }

// Duplicate implements [wire.Slave].
func (s *Slave) Duplicate(ctx context.Context, d wire.Duplicate) (wire.Prepared, error) {
	return s.Storage.Duplicate(ctx, d)
}
