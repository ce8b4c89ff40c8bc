package slave

import (
	"context"
	"sync"
	"syscall"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// A Way is where the bytes of a transfer go.
type Way string

// The ways.
const (
	Sent     Way = "sent"
	Received Way = "received"
	Bridged  Way = "bridged" // passed on, both ways
)

// A Venue is where a slave meets the other side of a transfer.
type Venue string

// The venues.
const (
	AtListener  Venue = "listener"   // of its own, for a client
	AtClient    Venue = "client"     // at one of the client's
	AtRelayPort Venue = "relay port" // of its own, for a master or a slave
	AtSlave     Venue = "slave"      // at the relay port of another one
)

// A Transfer is one that has ended.
type Transfer struct {
	Way   Way
	At    Venue
	From  bool // the bytes came from another slave
	Path  wire.Path
	Op    uint64 // of what was received
	Bytes int64
	Took  time.Duration
	Err   error
}

// window is over how many seconds speed is measured.
const window = 10

// A load is what a slave does, and how much of it.
type load struct {
	most int // transfers at a time

	mu      sync.Mutex
	running map[*running]struct{}
	ended   traffic             // bytes of transfers that are over
	samples [window + 1]traffic // of the last seconds
	at      int                 // the latest of them
	idle    chan struct{}       // set once no more may begin; closed when none is left
}

// Traffic is bytes that came in and went out.
type traffic struct{ in, out int64 }

// A running transfer is one under way.
type running struct {
	way   Way
	moved func() int64
}

func (l *load) init() {
	l.running = map[*running]struct{}{}
	l.most = affordable()
}

// begin counts one more transfer, unless there are too many, or the slave stops. The
// caller calls end.
func (l *load) begin(way Way, moved func() int64) (end func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.idle != nil:
		return nil, stopping
	case len(l.running) >= l.most:
		return nil, &wire.Failure{Reason: wire.Busy, Text: "too many transfers at a time"}
	}
	r := &running{way, moved}
	l.running[r] = struct{}{}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.running, r)
		l.ended.add(r)
		if l.idle != nil && len(l.running) == 0 {
			close(l.idle)
		}
	}, nil
}

func (t *traffic) add(r *running) {
	if r.way != Sent {
		t.in += r.moved()
	}
	if r.way != Received {
		t.out += r.moved()
	}
}

// total is all that has moved so far. It needs the lock.
func (l *load) total() traffic {
	t := l.ended
	for r := range l.running {
		t.add(r)
	}
	return t
}

// sample is called every second.
func (l *load) sample() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at = (l.at + 1) % len(l.samples)
	l.samples[l.at] = l.total()
}

// Moved returns how many bytes came and went since the slave began.
func (s *Slave) Moved() (in, out int64) {
	s.load.mu.Lock()
	defer s.load.mu.Unlock()
	t := s.load.total()
	return t.in, t.out
}

// Figures are how many transfers there are, and how many bytes a second moved lately.
type figures struct {
	receiving, sending int
	in, out            int64
}

func (l *load) figures() figures {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, then := l.samples[l.at], l.samples[(l.at+1)%len(l.samples)]
	f := figures{in: (now.in - then.in) / window, out: (now.out - then.out) / window}
	for r := range l.running {
		if r.way != Sent {
			f.receiving++
		}
		if r.way != Received {
			f.sending++
		}
	}
	return f
}

// drain lets no more begin, and waits for those under way until ctx ends.
func (l *load) drain(ctx context.Context) error {
	l.mu.Lock()
	if l.idle == nil {
		l.idle = make(chan struct{})
		if len(l.running) == 0 {
			close(l.idle)
		}
	}
	idle := l.idle
	l.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

var stopping = &wire.Failure{Reason: wire.Busy, Text: "the slave stops"}

// What a transfer may have open: two connections, the file and its folder, and a pipe of two
// ends. Some descriptors are for everything else.
const (
	descriptorsPerTransfer = 6
	descriptorsAside       = 256
)

// affordable is how many transfers the process can have under way.
func affordable() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1 << 20
	}
	return max((int(min(limit.Cur, 1<<30))-descriptorsAside)/descriptorsPerTransfer, 1)
}
