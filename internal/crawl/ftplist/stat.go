package ftplist

import (
	"cmp"
	"context"
	"errors"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/ftpconn"
)

// STAT with a directory for its argument (RFC 959, section 4.1.3) answers with a
// listing on the control connection. So nothing has to be waited for before the next
// directory is asked for: many are under way at a time, each as CWD and STAT, which
// mean the same directory whatever its name is made of.

// How STAT is to be sent.
type statForm string

const (
	statUntried statForm = ""
	statAll     statForm = "STAT -a ."
	statPlain   statForm = "STAT ." // the server takes -a for a name
)

// fitsStat reports whether STAT can give what is wanted: where LIST's dates mean
// nothing, MLSD's are wanted.
func (l *lister) fitsStat() bool { return !l.needsMLSD() }

// form returns how STAT is sent, as far as is known.
func (l *lister) form() statForm { return cmp.Or(l.known().Stat, statAll) }

// A statter lists directories with STAT.
type statter struct {
	checker
	window window
	asked  []asked // under way, in the order in which they will be answered
}

// asked is a directory under way.
type asked struct {
	task *crawl.Task
	form statForm
}

// serveStat lists directories with STAT, many at a time.
func (l *lister) serveStat(ctx context.Context, work crawl.Work) error {
	s := &statter{checker: checker{lister: l, work: work, way: Stat}, window: window{size: firstWindow}}
	s.again = s.ask
	err := s.serve(ctx)
	var left []*crawl.Task
	for _, a := range s.asked {
		left = append(left, a.task)
	}
	s.leave(err, left)
	return err
}

func (s *statter) serve(ctx context.Context) error {
	for {
		if err := s.fill(ctx); err != nil {
			return err
		}
		switch {
		case len(s.asked) > 0:
			if err := s.receive(ctx); err != nil {
				return err
			}
		case len(s.doubted) > 0:
			if err := s.settle(ctx); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// fill asks for directories until there are none, or enough are under way. It waits until
// there is room for some, but not until the server has little to do: proftpd sends the last
// part of an answer only when the one before has arrived, unless another answer follows.
func (s *statter) fill(ctx context.Context) error {
	if len(s.asked) > s.window.size*7/8 {
		return nil
	}
	if s.conn == nil {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	var commands []string
	for !s.full() && len(s.asked) < s.window.size {
		task, err := s.next(ctx)
		if err != nil {
			return err
		}
		if task == nil {
			break
		}
		form := s.form()
		all := append(commands, s.cwd(task.Path), string(form))
		if task.Failures == 0 && s.conn.Fits(all...) {
			commands, s.asked = all, append(s.asked, asked{task, form})
			continue
		}
		if task.Failures == 0 && len(s.asked) > 0 {
			s.work.Return(task) // until there is room
			break
		}
		s.doubt(task)
	}
	if err := s.conn.Send(ctx, commands...); err != nil {
		return s.broken(ctx, err)
	}
	return nil
}

// next returns a directory, and waits for one if nothing else is to be done.
func (s *statter) next(ctx context.Context) (*crawl.Task, error) {
	if len(s.asked)+len(s.doubted) > 0 {
		return s.work.More(crawl.Deepest), nil
	}
	return s.work.Next(ctx, crawl.Deepest)
}

// receive takes the answer to the directory that has been under way longest.
func (s *statter) receive(ctx context.Context) error {
	now := s.asked[0]
	entered, reply, err := s.answer(ctx)
	if err != nil {
		return s.failed(ctx, err)
	}
	if isStatus(entered) {
		return s.broken(ctx, &ftpconn.OutOfStepError{Command: "CWD", Reply: entered})
	}
	s.asked = s.asked[1:]
	s.window.answer(s.cfg.Now(), len(s.asked)+1, s.roundTrip)
	switch {
	case !entered.Positive():
		return s.notEntered(ctx, now.task, entered)
	case !isStatus(reply):
		s.doubt(now.task)
		return s.refused(now.form, reply)
	}
	if s.known().Stat == statUntried {
		s.learn(func(f *facts) { f.Stat = now.form })
	}
	return s.take(ctx, now.task, s.tell("STAT", reply.Body()))
}

// isStatus reports a reply that can be an answer to STAT, and to nothing else that is sent
// here: 211, 212 or 213 (RFC 959, section 5.4). A reply too many or too few would give
// directories the listings of others.
func isStatus(r ftpconn.Reply) bool { return r.Code/10 == 21 }

// answer reads the replies to CWD and STAT.
func (s *statter) answer(ctx context.Context) (entered, reply ftpconn.Reply, err error) {
	ctx, cancel := s.within(ctx)
	defer cancel()
	entered, err = s.conn.Receive(ctx, ftpconn.DefaultMaxReply)
	if err == nil {
		reply, err = s.conn.Receive(ctx, int(s.cfg.Limits.Listing))
	}
	return entered, reply, err
}

// failed tells errors that end a directory, and with it the connection, from those
// of the connection. That it takes too long ends no directory as long as the strategy has
// not been trusted.
func (s *statter) failed(ctx context.Context, err error) error {
	if errors.Is(err, errWhole) && !s.trusted() {
		return s.broken(ctx, err)
	}
	found, err := s.explain(err)
	if err != nil {
		return s.broken(ctx, err)
	}
	task := s.asked[0].task
	for _, other := range s.asked[1:] {
		s.work.Return(other.task)
	}
	s.asked, s.window = nil, window{size: firstWindow}
	return s.work.Deliver(ctx, task, found)
}

// refused learns from a STAT that is refused although the directory was entered.
func (s *statter) refused(form statForm, reply ftpconn.Reply) error {
	switch known := s.known().Stat; {
	case unknownCommand(reply), known == statPlain && form == statPlain && !s.trusted():
		return unfit("the server answers %s with %q", form, reply)
	case known == statUntried:
		s.learn(func(f *facts) { f.Stat = statPlain })
	}
	return nil
}

// ask sends STAT for the present directory.
func (s *statter) ask(ctx context.Context) (*told, error) {
	if err := s.conn.Send(ctx, string(s.form())); err != nil {
		return nil, err
	}
	reply, err := s.conn.Receive(ctx, int(s.cfg.Limits.Listing))
	if err != nil || !isStatus(reply) {
		return nil, err
	}
	return s.tell("STAT", reply.Body()), nil
}
