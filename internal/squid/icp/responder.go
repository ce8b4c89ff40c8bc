package icp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// A Responder answers queries.
type Responder struct {
	// Holds reports whether a GET of the URL at our HTTP port, by the asking cache,
	// will lead to the file. It must not block.
	Holds func(url string, from netip.Addr) bool
	// Allow are the networks that may ask.
	Allow []netip.Prefix
	// Count is told what became of each datagram: the opcode of the reply in a word,
	// or "ignored". Nil for nobody.
	Count func(outcome string)
}

// What strangers are answered, and echoes, are few a second: nobody is flooded in somebody
// else's name, and two responders do not keep each other busy with echoes.
const (
	fewRate  = 10 // a second
	fewBurst = 20
)

const readPause = 100 * time.Millisecond

// Serve answers on a socket until ctx is done, and returns nil then. It closes the
// socket. All is answered in order and from memory: a reply takes microseconds, so that
// more than one at a time would only cost.
func (r *Responder) Serve(ctx context.Context, conn *net.UDPConn) error {
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	few := rate.NewLimiter(fewRate, fewBurst)
	datagram, reply := make([]byte, MaxLength+1), make([]byte, 0, MaxLength)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(datagram)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("ICP on %s: %w", conn.LocalAddr(), err)
		case err != nil: // such as too little memory
			pause(ctx)
			continue
		}
		m, ok := r.answer(datagram[:n], from.Addr().Unmap(), few)
		if !ok {
			r.count("ignored")
			continue
		}
		r.count(m.Op.String())
		reply = m.Append(reply[:0])
		conn.WriteToUDPAddrPort(reply, from) // a reply that cannot be sent is as good as one lost on its way
	}
}

// pause waits before a socket that failed is read again, or not as long if ctx is done
// before.
func pause(ctx context.Context) {
	timer := time.NewTimer(readPause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// answer returns the reply to a datagram, if there is one. The order of the tests is
// that of RFC 2187, section 5.2. We fetch nothing for anybody, so what is not held is
// MISS_NOFETCH: to a plain MISS, a cache that takes us for its parent would answer by
// asking us.
func (r *Responder) answer(datagram []byte, from netip.Addr, few *rate.Limiter) (Message, bool) {
	m, err := Parse(datagram)
	if err != nil {
		return Message{}, false
	}
	allowed := r.allows(from)
	reply := Message{Number: m.Number, URL: m.URL}
	switch {
	case m.Op == SEcho:
		return m, allowed && few.Allow()
	case m.Op != Query:
		return Message{}, false
	case !sound(m.URL):
		reply.Op = Err
	case !allowed:
		reply.Op = Denied
	case r.Holds(m.URL, from):
		reply.Op = Hit
	default:
		reply.Op = MissNoFetch
	}
	return reply, allowed || few.Allow()
}

func (r *Responder) allows(from netip.Addr) bool {
	for _, network := range r.Allow {
		if network.Contains(from) {
			return true
		}
	}
	return false
}

func (r *Responder) count(outcome string) {
	if r.Count != nil {
		r.Count(outcome)
	}
}

// sound reports whether a text can be a URL at all: a scheme, and nothing that is
// blank or a control character.
func sound(url string) bool {
	scheme, rest, ok := strings.Cut(url, "://")
	return ok && scheme != "" && rest != "" &&
		!strings.ContainsFunc(url, func(c rune) bool { return c <= ' ' || c == 0x7f })
}
