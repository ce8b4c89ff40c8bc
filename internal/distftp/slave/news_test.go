package slave

import (
	"context"
	"errors"
	"testing"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// A slave that is told to leave lets the transfers under way end, begins none, and says
// farewell at the last.
func TestLeave(t *testing.T) {
	r := run(t)
	news := make(chan wire.News, 10)
	heard := make(chan error, 1)
	go func() {
		ctx, hangUp := context.WithCancel(t.Context())
		heard <- r.News(ctx, func(n wire.News) error {
			news <- n
			if n.Leaving {
				hangUp()
			}
			return nil
		})
	}()
	if first := <-news; first.Leaving || first.State == nil || first.State.Files != 1 || first.State.Data[0] != loopback {
		t.Errorf("%+v", first)
	}

	l := r.listen()
	client := dial(t, l.Addr)
	connected := make(chan struct{})
	received := make(chan error, 1)
	go func() {
		_, err := r.Receive(t.Context(), wire.Receive{Op: 1, Most: -1, Meet: wire.Meeting{Listener: l.Listener, Timeout: time.Minute}, Stall: time.Minute}, func(e wire.Event) {
			if e.Connected {
				close(connected)
			}
		})
		received <- err
	}()
	<-connected
	for n := range news {
		if n.State.Receiving == 1 {
			break
		}
	}

	short, cancel := context.WithCancelCause(t.Context())
	late := errors.New("late")
	cancel(late)
	if err := r.load.drain(short); err != late {
		t.Errorf("%v", err)
	}
	left := make(chan error, 1)
	go func() { left <- r.Leave(t.Context()) }()
	if _, err := r.Receive(t.Context(), wire.Receive{Op: 2, Stall: time.Minute}, nil); reason(err) != wire.Busy {
		t.Errorf("a transfer begins: %v", err)
	}
	select {
	case n := <-news:
		if n.Leaving {
			t.Error("it leaves while something is under way")
		}
	default:
	}
	client.Close()
	if err := errors.Join(<-received, <-left, <-heard); err != nil {
		t.Error(err)
	}
	close(news)
	var last wire.News
	for n := range news {
		last = n
	}
	if !last.Leaving || last.State == nil {
		t.Errorf("the last news are %+v", last)
	}
	if err := r.News(t.Context(), nil); reason(err) != wire.Busy {
		t.Errorf("news of a slave that has left: %v", err)
	}
	r.Wait()
}
