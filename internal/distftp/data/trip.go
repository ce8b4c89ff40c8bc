package data

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"sync/atomic"
	"time"
)

// directly bounds how long a holder elsewhere may try to connect to a client before the
// next way is tried.
const directly = 4 * time.Second

// patient is how long a holder lets a relay stand still. What is between it and a slow
// client can take long to be read.
const patient = 24 * time.Hour

// A trip is a plan with holders elsewhere being executed: the ways are tried, the shortest
// first, until one of them begins to move bytes; then those of the plan that follows.
type trip struct {
	Plan
	started func()      // once
	client  net.Conn    // with us, once it is
	route   Route       // how it came to us
	stop    func() bool // of its being closed when ctx ends
	leave   func()      // closes the rendezvous that the client has not come to; nil: there is none
	failure error       // of the last way that was tried
	instead bool        // the plan follows another
}

// make does it as [Plan.Execute] says.
func (t *trip) make(ctx context.Context) error {
	defer t.part()
	for {
		over, err := t.try(ctx)
		switch {
		case over:
			return final(ctx, err)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case t.Otherwise == nil:
			return err
		}
		next, missing := t.Otherwise(ctx)
		if missing != nil {
			return final(ctx, fmt.Errorf("%w, after: %w", missing, err))
		}
		t.follow(next, err)
	}
}

// follow goes on with who else has the bytes.
func (t *trip) follow(next Plan, failure error) {
	t.Holder, t.Why, t.Source, t.Sink = next.Holder, next.Why, next.Source, next.Sink
	t.Holders, t.Otherwise, t.Relay = next.Holders, next.Otherwise, cmp.Or(t.Relay, next.Relay)
	t.failure, t.instead = failure, true
}

// try tries the ways of one plan. It reports whether nothing more is to be tried.
func (t *trip) try(ctx context.Context) (over bool, err error) {
	if t.Holders == nil {
		return true, t.here(ctx)
	}
	if t.client == nil && t.Relay == "" {
		switch at := t.Meet.(type) {
		case *Dialer:
			over, err = t.dialled(ctx, at)
		case *Invitation:
			over, err = t.invited(ctx, at)
		}
		if over || ctx.Err() != nil {
			return over, err
		}
	}
	if _, active := t.Meet.(*Dialer); !active { // which can be dialled when there is something for it
		if err := t.meet(ctx); err != nil {
			return true, err
		}
	}
	return t.relay(ctx)
}

// meet connects the client with us, if it is not.
func (t *trip) meet(ctx context.Context) error {
	if t.client != nil {
		return nil
	}
	conn, away, err := meet(ctx, t.Meet)
	if err != nil {
		if t.failure != nil {
			err = fmt.Errorf("%w, after: %v", err, t.failure) // which others may have got over
		}
		return fmt.Errorf("%w: %w", ErrNoConnection, err)
	}
	t.take(ctx, conn, here(t.Meet, away))
	return nil
}

// take has a client that is connected with us.
func (t *trip) take(ctx context.Context, client net.Conn, route Route) {
	t.client, t.route = client, route
	t.stop = context.AfterFunc(ctx, func() { client.Close() })
}

// part closes the client's connection.
func (t *trip) part() {
	if t.stop != nil {
		t.stop()
		t.client.Close()
	}
}

// here moves bytes that we hold, or are to hold.
func (t *trip) here(ctx context.Context) error {
	defer t.Release()
	if err := t.meet(ctx); err != nil {
		return err
	}
	route := t.route
	if !route.Away {
		route.Kind = Local
	}
	route.Holder, route.Why = t.Holder, "instead: "+t.failure.Error()
	t.Flow.take(route)
	t.Wary = false // which is of connections from elsewhere
	return t.serve(ctx, t.client, t.started)
}

// dialled has the holders, one after the other, connect to the client. It reports whether
// one of them did.
func (t *trip) dialled(ctx context.Context, at *Dialer) (over bool, err error) {
	for r := range t.Holders {
		o := t.order(min(directly, at.timeout))
		if t.Wary {
			o.Wary, o.Parting = true, max(o.Parting, wary)
		}
		over, err = t.direct(ctx, r, at, o, func() bool { return true })
		if over && errors.Is(err, ErrNoConnection) {
			over, t.failure = false, fmt.Errorf("%s: %w", r.Holder(), err)
		}
		if over || ctx.Err() != nil {
			return over, err
		}
	}
	return false, nil
}

// wary is how long the end of a transfer waits for a client that may not have wanted it.
const wary = time.Second

// Where a client is connected, once it is.
const (
	nowhere = iota
	withUs
	withHolder
)

// invited has the holders, one after the other, meet the client at a rendezvous, or meets
// it here if that is where it comes. It reports whether nothing is left to be done.
func (t *trip) invited(ctx context.Context, at *Invitation) (over bool, err error) {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	t.leave = at.closeThere
	var client atomic.Int32
	came, looked := make(chan net.Conn, 1), make(chan struct{})
	go func() {
		defer close(looked)
		defer close(came)
		select {
		case conn, ok := <-at.came:
			switch {
			case !ok:
			case client.CompareAndSwap(nowhere, withUs):
				came <- conn
				cancel()
			default:
				conn.Close()
			}
		case <-waiting.Done():
		}
	}()
	for r := range t.Holders {
		o := t.order(at.timeout)
		over, err = t.direct(waiting, r, at.there, o, func() bool {
			// A foreign server may say that it sends before anybody has come to it. Who is
			// here did not go there.
			at.settle()
			<-looked
			return client.CompareAndSwap(nowhere, withHolder)
		})
		if over || waiting.Err() != nil || errors.Is(err, ErrNoConnection) {
			break
		}
	}
	if !over && errors.Is(err, ErrNoConnection) { // which is no wonder where the client is here
		at.settle()
		<-looked
	}
	cancel()
	conn, here := <-came
	switch {
	case here:
		at.closeHere()
		t.failure = nil // which was that it came here
		t.take(ctx, conn, Route{Why: "the client came to us, not to " + at.there.Holder()})
		return false, nil
	case over, errors.Is(err, ErrNoConnection):
		return true, err
	}
	return false, nil
}

// direct has one holder meet the client. It reports whether they were connected, which
// begins must agree to.
func (t *trip) direct(ctx context.Context, r Remote, at Meeting, o *Order, begins func() bool) (over bool, err error) {
	defer r.Close()
	route := Route{Kind: Direct, Holder: r.Holder(), Why: "the client listens for it", Away: true}
	if there, ok := at.(Rendezvous); ok {
		route.Why = "the client came to it"
		if there.Holder() != r.Holder() {
			route.Kind, route.Why = Bridged, "the client came to "+there.Holder()
		}
	}
	o.Secure = t.Protect
	o.Connected = func() {
		if over = begins(); over {
			t.Flow.take(route)
			t.started()
		}
	}
	err = r.Move(ctx, at, o)
	switch {
	case !over && err == nil:
		err = fmt.Errorf("%w: %s says nothing of one", ErrNoConnection, r.Holder())
		fallthrough
	case !over:
		t.failure = fmt.Errorf("%s: %w", r.Holder(), err)
		return false, err
	case err == nil && t.Upload:
		if t.Wary && t.Instead && t.Flow.Moved() == 0 {
			return true, errUnwanted
		}
		err = t.keep(ctx, r)
	}
	return true, err
}

// errUnwanted ends an upload of nothing over a connection from elsewhere, made to a client
// that may have closed it for just that, and so must not have its content replaced by
// nothing.
var errUnwanted = errors.New("nothing came, as from clients that accept no connection from elsewhere")

// relay passes the bytes on between the client and a holder. It reports whether that could
// be begun.
func (t *trip) relay(ctx context.Context) (begun bool, err error) {
	route := t.route
	route.Kind = Relayed
	if route.Away {
		route.Kind = Bridged
	}
	switch {
	case t.Relay != "":
		route.Why = t.Relay
	case t.failure != nil && t.instead:
		route.Why = "instead: " + t.failure.Error()
	case errors.Is(t.failure, ErrNotDirect): // it says so
		route.Why = t.failure.Error()
	case t.failure != nil:
		route.Why = "no direct way: " + t.failure.Error()
	}
	failure := ErrUnavailable
	for r := range t.Holders {
		route.Holder = r.Holder()
		begun, err := t.through(ctx, r, route)
		if begun || ctx.Err() != nil {
			return begun, err
		}
		failure = fmt.Errorf("%s: %w", r.Holder(), err)
	}
	return false, failure
}

// through relays between the client and one holder. It reports whether that could be
// begun.
func (t *trip) through(ctx context.Context, r Remote, route Route) (begun bool, err error) {
	defer r.Close()
	o := t.order(directly)
	o.Stall, o.Pace, o.Cipher = patient, 0, t.Secure != nil // who is slow, and may be, we see
	leg, err := r.Relay(ctx, o)
	if err != nil {
		return false, err
	}
	defer leg.Close()
	stop := context.AfterFunc(ctx, func() { leg.Close() })
	defer stop()
	if t.leave != nil {
		t.leave()
	}
	if err := t.meet(ctx); err != nil {
		return true, err
	}
	client := t.client
	t.Flow.take(route)
	t.started()
	if t.Secure != nil {
		if client, err = t.Secure(ctx, client); err != nil {
			return true, fmt.Errorf("%w: %w", ErrInsecure, err)
		}
	}
	if t.Upload {
		return true, t.bring(ctx, r, leg, client)
	}
	return true, t.fetch(ctx, leg, client)
}

// fetch passes on what the holder sends.
func (t *trip) fetch(ctx context.Context, leg Leg, client net.Conn) error {
	err := relay(ctx, client, leg.Conn(), t.Flow, nil)
	if err != nil && err != errFull {
		return t.blame(ctx, leg, err, true)
	}
	if err := leg.Done(ctx, t.Flow.Moved()); err != nil {
		return err
	}
	if t.Parting > 0 {
		awaitClose(client, t.Parting)
	}
	if err := client.Close(); err != nil {
		return fmt.Errorf("close data connection: %w", err)
	}
	return nil
}

// bring passes on what the client sends.
func (t *trip) bring(ctx context.Context, r Remote, leg Leg, client net.Conn) error {
	quota := t.Quota
	if t.Text {
		quota = nil // what is stored counts, which is less
	}
	if err := relay(ctx, leg.Conn(), client, t.Flow, quota); err != nil {
		return t.blame(ctx, leg, err, false)
	}
	if half, ok := leg.Conn().(interface{ CloseWrite() error }); ok { // TCP and TLS
		if err := half.CloseWrite(); err != nil {
			return t.blame(ctx, leg, &sideError{false, err}, false)
		}
	}
	if err := leg.Done(ctx, t.Flow.Moved()); err != nil {
		return err
	}
	return t.keep(ctx, r)
}

// blame returns what the holder says where it was its connection that failed.
func (t *trip) blame(ctx context.Context, leg Leg, err error, from bool) error {
	side, ok := errors.AsType[*sideError](err)
	if !ok || side.from != from {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return errors.Join(leg.Done(ctx, t.Flow.Moved()), err)
}

// keep makes what was received that of the file, if the client is still there.
func (t *trip) keep(ctx context.Context, r Remote) error {
	if t.Confirm != nil {
		if err := t.Confirm(); err != nil {
			return err
		}
	}
	return r.Commit(ctx, t.Quota.charge())
}

// order returns what a holder is to do, but for where.
func (t *trip) order(timeout time.Duration) *Order {
	o := &Order{Timeout: timeout, Stall: t.Flow.Stall, Pace: t.Flow.Pace.Rate(), Most: t.Quota.allowed(), Parting: t.Parting}
	if o.Most == math.MaxInt64 {
		o.Most = -1
	}
	o.Moved = func(total int64) error {
		n := total - t.Flow.Moved()
		if n <= 0 {
			return nil
		}
		t.Flow.Count(n)
		if t.Upload && !t.Text {
			return t.Quota.Take(n)
		}
		return nil
	}
	return o
}

// meet takes part in a meeting here, and reports whether the client went elsewhere and is
// passed on.
func meet(ctx context.Context, at Meeting) (conn net.Conn, away bool, err error) {
	if at, ok := at.(*Invitation); ok {
		return at.meet(ctx)
	}
	conn, err = at.Meet(ctx)
	return conn, false, err
}

// here is the route of what we have to do with ourselves.
func here(at Meeting, away bool) Route {
	route := Route{Kind: Local, Away: away}
	if away {
		route.Kind, route.Why = Bridged, "the client came to "+at.(*Invitation).there.Holder()
	}
	return route
}

// take notes the route.
func (f *Flow) take(r Route) { f.route.Store(&r) }

// final is how a transfer ended, given what went wrong.
func final(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
