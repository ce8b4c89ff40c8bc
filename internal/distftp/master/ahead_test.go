package master

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// counting says how often it is asked to listen, and to stop that.
type counting struct {
	wire.Slave
	listens, unlistens atomic.Int32
}

func (c *counting) Listen(context.Context, wire.Listen) (wire.Listening, error) {
	return wire.Listening{Listener: 1000 + uint64(c.listens.Add(1))}, nil
}

func (c *counting) Unlisten(context.Context, uint64) error {
	c.unlistens.Add(1)
	return nil
}

// A port that was opened ahead is given once, to who would have asked for just that, and
// closed when nobody comes for it, or too many are open.
func TestPortsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := &counting{}
		s := &slave{Slave: asked, gone: t.Context()}
		one := wire.Listen{Family: 4, Peer: netip.MustParseAddr("192.0.2.1"), Timeout: time.Minute}
		other := wire.Listen{Family: 4, Peer: netip.MustParseAddr("192.0.2.2"), Timeout: time.Minute}
		check := func(l wire.Listen, listener uint64) {
			t.Helper()
			got, err := s.listen(t.Context(), l)
			if err != nil || got.Listener != listener {
				t.Fatalf("listener %d (%v), want %d", got.Listener, err, listener)
			}
		}
		closed := func(want int32) {
			t.Helper()
			synctest.Wait()
			if n := asked.unlistens.Load(); n != want {
				t.Fatalf("%d ports were closed, want %d", n, want)
			}
		}

		s.keep(one, wire.Listening{Listener: 1})
		check(other, 1001)
		check(one, 1)
		check(one, 1002)
		time.Sleep(2 * ahead)
		closed(0)

		for i := range uint64(mostAhead + 1) {
			s.keep(one, wire.Listening{Listener: 2 + i})
		}
		closed(1) // the oldest
		check(one, 2+mostAhead)
		check(one, 1+mostAhead)

		time.Sleep(2 * ahead)
		closed(mostAhead - 1)
		check(one, 1003)
	})
}
