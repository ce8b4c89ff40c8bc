package ftplist

import (
	"context"
	"errors"
	"io"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/ftpconn"
)

// With a data connection for each listing, a directory costs four round trips: CWD,
// EPSV, connecting, and the listing. Two of them are saved by sending the next
// directory's CWD and EPSV together with the present one's LIST or MLSD. proftpd does
// not bear that: it answers 450 to whatever comes while a data connection is open.

// pipelinedCommand returns the command that this strategy sends; "" where none will
// do, because MLSD is wanted and has still to be compared with LIST.
func (l *lister) pipelinedCommand() string {
	f := l.known()
	switch {
	case l.needsMLSD() && f.MLSD == mlsdProven:
		return "MLSD"
	case l.needsMLSD():
		return ""
	case f.Plain:
		return "LIST"
	}
	return "LIST -a"
}

func (l *lister) fitsPipelined() bool { return l.pipelinedCommand() != "" }

// A piper lists directories over data connections, one of which is asked for while
// another is in use.
type piper struct {
	checker
	now, next *crawl.Task // being listed, and asked for
}

// servePipelined lists directories over data connections.
func (l *lister) servePipelined(ctx context.Context, work crawl.Work) error {
	p := &piper{checker: checker{lister: l, work: work, way: Pipelined}}
	p.again = p.ask
	err := p.serve(ctx)
	var left []*crawl.Task
	for _, t := range []*crawl.Task{p.now, p.next} {
		if t != nil {
			left = append(left, t)
		}
	}
	p.leave(err, left)
	return err
}

func (p *piper) serve(ctx context.Context) error {
	for {
		if !p.fitsPipelined() {
			return unfit("MLSD is wanted, and not proven yet")
		}
		if err := p.prepare(ctx); err != nil {
			return err
		}
		switch {
		case p.next != nil:
			if err := p.step(ctx); err != nil {
				return err
			}
		case len(p.doubted) > 0:
			if err := p.settle(ctx); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// prepare asks for a directory if none is asked for.
func (p *piper) prepare(ctx context.Context) error {
	if p.next != nil || p.full() {
		return nil
	}
	if err := p.choose(ctx, len(p.doubted) == 0); err != nil || p.next == nil {
		return err
	}
	if p.conn == nil {
		if err := p.connect(ctx); err != nil {
			return err
		}
	}
	if err := p.conn.Send(ctx, p.cwd(p.next.Path), p.conn.Passive()); err != nil {
		return p.broken(ctx, err)
	}
	return nil
}

// choose takes the next directory, which stays nil if there is none.
func (p *piper) choose(ctx context.Context, wait bool) (err error) {
	for p.next == nil && !p.full() {
		if wait {
			p.next, err = p.work.Next(ctx, crawl.Deepest)
		} else {
			p.next = p.work.More(crawl.Deepest)
		}
		if err != nil || p.next == nil {
			return err
		}
		if p.next.Failures > 0 || p.conn != nil && len(p.cwd(p.next.Path)) > ftpconn.Window/2 {
			p.doubt(p.next)
			p.next, wait = nil, false
		}
	}
	return nil
}

// step lists the directory that was asked for, and asks for the one after it.
func (p *piper) step(ctx context.Context) error {
	whole, cancel := p.within(ctx)
	defer cancel()
	entered, err := p.conn.Receive(whole, ftpconn.DefaultMaxReply)
	if err != nil {
		return p.failed(ctx, err)
	}
	addr, err := p.conn.ReceivePassive(whole)
	if err != nil {
		return p.failed(ctx, err)
	}
	p.now, p.next = p.next, nil
	if !entered.Positive() {
		task := p.now
		p.now = nil
		return p.notEntered(ctx, task, entered)
	}
	if err := p.choose(ctx, false); err != nil {
		return err
	}
	var more []string
	if p.next != nil {
		more = []string{p.cwd(p.next.Path), p.conn.Passive()}
	}
	t, err := p.transfer(whole, addr, more)
	if err != nil {
		return p.failed(ctx, err)
	}
	task := p.now
	p.now = nil
	if t == nil {
		p.doubt(task)
		return nil
	}
	return p.take(ctx, task, t)
}

// transfer lists the present directory over a data connection and sends what is to
// follow. It returns nil where the server refuses, or says that it has cut the
// listing.
func (p *piper) transfer(ctx context.Context, addr string, more []string) (*told, error) {
	command := p.pipelinedCommand()
	t, err := p.conn.OpenAt(ctx, addr, command, more...)
	if err != nil {
		return nil, err
	}
	limit := p.cfg.Limits.Listing
	text, err := io.ReadAll(io.LimitReader(t, limit+1))
	if int64(len(text)) > limit {
		t.Close()
		return nil, &ftpconn.TooLongError{Command: command[:4], Max: limit}
	}
	reply, closeErr := t.Close()
	if err == nil {
		err = closeErr
	}
	if _, ok := refused(err); ok {
		return nil, nil
	}
	if err != nil || saysTruncated.MatchString(reply.Text()) {
		return nil, err
	}
	return p.tell(command[:4], text), nil
}

// failed tells errors that end a directory, and with it the connection, from those
// of the connection. That it takes too long ends no directory as long as the strategy has
// not been trusted.
func (p *piper) failed(ctx context.Context, err error) error {
	if errors.Is(err, errWhole) && !p.trusted() {
		return p.broken(ctx, err)
	}
	found, err := p.explain(err)
	if err != nil {
		return p.broken(ctx, err)
	}
	task := p.now
	if task == nil {
		task, p.next = p.next, nil
	}
	if p.next != nil {
		p.work.Return(p.next)
	}
	p.now, p.next = nil, nil
	return p.work.Deliver(ctx, task, found)
}

// ask lists the present directory once more.
func (p *piper) ask(ctx context.Context) (*told, error) {
	command := p.pipelinedCommand()
	text, reply, err := p.conn.Fetch(ctx, command, p.cfg.Limits.Listing)
	if _, no := refused(err); no {
		return nil, nil
	}
	if err != nil || saysTruncated.MatchString(reply.Text()) {
		return nil, err
	}
	return p.tell(command[:4], text), nil
}
