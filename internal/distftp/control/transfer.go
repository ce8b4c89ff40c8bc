package control

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync/atomic"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// A transfer is a plan being executed in a goroutine of its own, while the session
// goes on to read commands: ABOR and STAT are meant for this time.
type transfer struct {
	Transfer
	at     data.Meeting
	flow   *data.Flow
	cancel context.CancelCauseFunc
	opened atomic.Bool   // 150 was sent
	quit   atomic.Bool   // QUIT is among the commands that wait for the end
	done   chan struct{} // closed when err is set
	gone   chan struct{} // closed when the goroutine touches nothing any more
	err    error
	answer func() (int, string) // what was computed; nil for a transfer
}

// errAborted ends a transfer that the client wants to end.
var errAborted = errors.New("aborted by the client")

// ended reports whether the transfer is over, its reply not yet given.
func (t *transfer) ended() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// start takes the meeting that PASV or PORT prepared and executes the plan there,
// with opening as the text of the 150. Of the transfer, verb, path and offset are given.
// Without a meeting it answers 425: we never connect to the default data port, which
// would need privileges.
func (s *session) start(what Transfer, opening string, plan data.Plan) {
	if s.meeting == nil {
		plan.Release()
		s.out.reply(425, "Use PASV, EPSV, PORT or EPRT first")
		return
	}
	if !s.private && s.TLS != nil && s.TLS.RequireData {
		plan.Release()
		s.out.reply(521, "Data connections must be private: PROT P")
		return
	}
	s.prepare(&plan)
	what.Text, what.Secure, what.Mode = s.text, plan.Secure != nil, s.mode
	what.Holder, what.Why, what.Size = plan.Holder, plan.Why, -1
	if plan.Sized {
		what.Size = plan.Size
	}
	plan.Meet, s.meeting, s.reversedOnce = s.meeting, nil, false
	s.place.listens(nil)
	s.coming = expectation{}
	t := &transfer{Transfer: what, flow: &data.Flow{Stall: s.DataTimeout, Pace: s.paces[what.Direction()], Most: what.Length}}
	plan.Flow = t.flow
	t.at = plan.Meet
	t.quit.Store(s.leaving())
	control := s.conn
	plan.Confirm = func() error {
		if hungUp(control) && !t.quit.Load() {
			return errGone
		}
		return nil
	}
	s.launch(t, func(ctx context.Context) error {
		return plan.Execute(ctx, func() {
			s.out.reply(150, opening)
			t.opened.Store(true)
			s.out.flush()
		})
	})
	s.Observer.Observe(&TransferBegun{&s.client, &t.Transfer, t.flow.Moved})
}

// compute works for long on something that is no transfer, but can be broken off and
// looked at like one. In the end it is answered with what answer returns.
func (s *session) compute(verb string, p mirror.Path, do func(context.Context, *data.Flow) error, answer func() (int, string)) {
	t := &transfer{Transfer: Transfer{Verb: verb, Path: p, Size: -1}, flow: &data.Flow{Stall: s.DataTimeout}, answer: answer}
	t.opened.Store(true) // nothing is announced
	s.launch(t, func(ctx context.Context) error { return do(ctx, t.flow) })
}

// launch does the work of t in a goroutine of its own.
func (s *session) launch(t *transfer, do func(context.Context) error) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	t.cancel, t.Began = cancel, time.Now()
	t.done, t.gone = make(chan struct{}), make(chan struct{})
	s.aborted, s.running = false, t
	s.place.does(t)
	go func() {
		defer close(t.gone)
		t.err = do(ctx)
		close(t.done)
		// Wakes the session, which waits for commands without a deadline meanwhile.
		s.conn.SetReadDeadline(longAgo)
	}()
}

// accompany takes commands while a transfer is running, until it has ended. ABOR
// acts at once; it is answered in its turn. A client that goes away without QUIT
// wants no more bytes.
func (s *session) accompany() {
	t := s.running
	for !t.ended() {
		if s.broken != nil || len(s.queue) >= backlog || s.queued >= backlogBytes {
			if s.out.flush() != nil || s.broken != nil && !s.leaving() {
				t.cancel(errGone)
			}
			s.await(t)
			return
		}
		line, err := s.read(time.Time{})
		switch {
		case errors.Is(err, errInterrupted):
			<-t.done // because of the transfer, or ctx ended and with it the transfer
		case errors.Is(err, errOverlong):
			s.queue = append(s.queue, nil) // answered with 500 in its turn
		case err != nil:
			s.broken = err
			if !s.leaving() {
				t.cancel(errGone)
			}
		default:
			s.meanwhile(line)
		}
	}
}

// await waits for the end of a transfer while no commands are read, and looks now and
// then whether the client is still there: what it may have sent before it left does not
// matter then.
func (s *session) await(t *transfer) {
	for look := time.NewTicker(time.Second); ; {
		select {
		case <-t.done:
			look.Stop()
			return
		case <-look.C:
			if s.broken == nil && closed(s.conn) {
				s.broken = errGone
				t.cancel(errGone)
			}
		}
	}
}

// meanwhile deals with a command that arrives during a transfer.
func (s *session) meanwhile(line []byte) {
	verb, arg, _ := parse(line)
	switch {
	case verb == "ABOR":
		s.aborted = true
		s.running.cancel(errAborted)
	case verb == "STAT" && arg == "" && len(s.queue) == 0 && s.running.opened.Load():
		s.status()
		return
	}
	s.queue = append(s.queue, slices.Clone(line))
	s.queued += len(line)
	if verb == "QUIT" {
		s.running.quit.Store(true)
	}
}

// leaving reports whether the client has said QUIT, so that the end of its side of
// the connection does not mean that it lost interest.
func (s *session) leaving() bool {
	return slices.ContainsFunc(s.queue, func(line []byte) bool {
		verb, _, _ := parse(line)
		return verb == "QUIT"
	})
}

// finish answers the transfer that has ended.
func (s *session) finish() {
	t := s.running
	<-t.gone
	t.cancel(nil)
	s.running, s.ended = nil, time.Now()
	s.place.does(nil)
	bytes, took := t.flow.Moved(), time.Since(t.Began)
	if t.answer != nil {
		s.Observer.Observe(&Computed{&s.client, t.Verb, t.Path, bytes, took, t.err})
		s.finishComputing(t)
		return
	}
	code, text := s.verdict(t.err)
	s.arrived(t, code)
	s.counts.add(&t.Transfer, bytes, t.err)
	s.Observer.Observe(&TransferEnded{&s.client, &t.Transfer, bytes, took, code, t.err})
	if t.err == nil {
		s.aborted = false
	}
	s.out.reply(code, text)
}

// verdict is how the end of a transfer is answered.
func (s *session) verdict(err error) (code int, text string) {
	switch {
	case err == nil:
		return 226, "Transfer complete"
	case s.aborted:
		return 426, "Transfer aborted"
	case errors.Is(err, data.ErrNoConnection):
		return 425, "Cannot open data connection"
	case errors.Is(err, data.ErrUnavailable):
		return 450, "Nobody who has it can be reached now, try again later"
	case errors.Is(err, data.ErrReuse):
		return 522, "The data connection must reuse the TLS session of the control connection"
	case errors.Is(err, data.ErrInsecure):
		return 522, "No TLS on the data connection"
	case errors.Is(err, errUnshowable):
		return 550, "Listing incomplete: a name holds CR, LF, NUL or a slash"
	case errors.Is(err, errTooMany):
		return 550, "Listing incomplete: too many directories"
	case errors.Is(err, errBarred):
		return 550, "Listing incomplete: some directories may not be read"
	case errors.Is(err, vfs.ErrSpace):
		return 452, "No space left, nothing was stored"
	case errors.Is(err, vfs.ErrQuota):
		return 552, "Quota is used up, nothing was stored"
	case errors.Is(err, vfs.ErrChanged):
		return 450, "File was changed meanwhile, nothing was stored"
	case errors.Is(err, data.ErrSink):
		return 451, "Write error, nothing was stored"
	case errors.Is(err, data.ErrSource):
		return 451, "Read error, transfer incomplete"
	case errors.Is(err, fs.ErrNotExist):
		return 550, "No such file or directory"
	case errors.Is(err, fs.ErrPermission):
		return 550, "Permission denied"
	}
	return 426, "Data connection lost, transfer incomplete"
}

func (s *session) finishComputing(t *transfer) {
	switch {
	case t.err == nil:
		s.aborted = false
		s.out.reply(t.answer())
	case s.aborted, s.broken != nil, s.ctx.Err() != nil:
		s.out.reply(451, "Aborted")
	default:
		s.aborted = false
		s.fail(t.err)
	}
}

// abort answers ABOR (RFC 959, 4.1.3). What it meant to stop has been answered
// before, with 426 or, if it was already complete, 226.
func (s *session) abort(string) {
	s.dropMeeting()
	if s.aborted {
		s.aborted = false
		s.out.reply(226, "Transfer aborted, data connection closed")
		return
	}
	s.out.reply(225, "No transfer to abort")
}
