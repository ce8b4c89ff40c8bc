package slave

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/wire"
)

// Bridge implements [wire.Slave]. How long it may stand still is left to the master,
// which is one end of it.
func (s *Slave) Bridge(ctx context.Context, b wire.Bridge, tell func(wire.Event)) (err error) {
	flow := &data.Flow{}
	end, err := s.load.begin(Bridged, flow.Moved)
	if err != nil {
		return err
	}
	t := Transfer{Way: Bridged, At: AtListener}
	defer func() {
		end()
		t.Bytes, t.Err = flow.Moved(), err
		s.ended(&t)
	}()
	client, err := s.meet(&wire.Meeting{Listener: b.Listener, Timeout: b.Timeout}, false)
	if err != nil {
		return err
	}
	defer client.Close()
	master, err := s.meet(&wire.Meeting{Secret: b.Secret, Timeout: b.Timeout}, false)
	if err != nil {
		return err
	}
	defer master.Close()
	return failure(ctx, watch(flow, tell, func(connected func()) error {
		here, there, err := both(ctx, client, master)
		if err != nil {
			return fmt.Errorf("%w: %w", data.ErrNoConnection, err)
		}
		connected()
		stop := context.AfterFunc(ctx, func() { breakOff(here, there) })
		defer stop()
		return join(here, there, flow)
	}))
}

// both meets two at the same time.
func both(ctx context.Context, a, b data.Meeting) (*net.TCPConn, *net.TCPConn, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var conns [2]net.Conn
	var failed [2]error
	var meeting sync.WaitGroup
	for i, m := range []data.Meeting{a, b} {
		meeting.Go(func() {
			if conns[i], failed[i] = m.Meet(ctx); failed[i] != nil {
				cancel(failed[i])
			}
		})
	}
	meeting.Wait()
	err := errors.Join(failed[:]...)
	if err == nil {
		here, ok := conns[0].(*net.TCPConn)
		there, ok2 := conns[1].(*net.TCPConn)
		if ok && ok2 {
			return here, there, nil
		}
		err = errors.New("not over TCP")
	}
	for _, conn := range conns {
		if conn != nil {
			conn.Close()
		}
	}
	return nil, nil, err
}

// join passes bytes on, both ways; the kernel does it. It is over when the master has ended
// its side, as with any server of FTP: clients may wait for the reply before they end
// theirs. Where one side breaks, so does the other: for who sends a file an end would mean
// that it is whole.
func join(client, master *net.TCPConn, flow *data.Flow) error {
	var over atomic.Bool
	sent := make(chan error, 1)
	go func() {
		n, err := io.Copy(master, client)
		flow.Count(n)
		if err == nil {
			err = master.CloseWrite()
		}
		if err != nil && !over.Load() {
			breakOff(client, master)
		}
		sent <- err
	}()
	n, err := io.Copy(client, master)
	flow.Count(n)
	if err != nil {
		breakOff(client, master)
		return errors.Join(<-sent, err)
	}
	over.Store(true)
	err = client.Close() // ends the other way, too
	<-sent
	return errors.Join(err, master.Close())
}

// breakOff resets connections.
func breakOff(conns ...*net.TCPConn) {
	for _, c := range conns {
		_ = c.SetLinger(0) // what is closed already cannot be reset any more
		_ = c.Close()
	}
}
