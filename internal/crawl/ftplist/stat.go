package ftplist

import (
	"cmp"
	"context"
	"errors"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
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

// How many directories may be under way: as many as at first, one more with each that
// is answered, as many as at most. (At a round trip of 100 ms, 128 are 1,280
// directories a second.)
const (
	firstWindow = 4
	maxWindow   = 128
)

// Directories are listed both by STAT and in another way until so many have agreed,
// and every so many after that. STAT is not believed any more when it differs more
// often than happens when directories change.
const (
	enoughAgreed = 4
	auditEvery   = 1000
	maxDisagreed = 2
)

// maxDoubted is how many doubtful directories may wait to be listed one at a time
// until those under way are waited for.
const maxDoubted = 8

// fitsStat reports whether STAT can give what is wanted: where LIST's dates mean
// nothing, MLSD's are wanted.
func (l *lister) fitsStat() bool { return !l.needsMLSD() }

// form returns how STAT is sent, as far as is known.
func (l *lister) form() statForm { return cmp.Or(l.known().Stat, statAll) }

// A statter lists directories with STAT.
type statter struct {
	*lister
	work    crawl.Work
	window  int
	asked   []asked   // under way, in the order in which they will be answered
	doubted []doubted // to be listed one at a time

	answers   int // listings that were told
	disagreed int // of those that were compared
}

// asked is a directory under way.
type asked struct {
	task *crawl.Task
	form statForm
}

// A doubted directory is one of which STAT did not tell enough, or nothing.
type doubted struct {
	task  *crawl.Task
	told  *told
	audit bool // compare it even if it is clear
}

// serveStat lists directories with STAT, many at a time. Directories that cannot be
// listed so, or of which something is to be learnt, are listed one at a time when
// those under way have been answered.
func (l *lister) serveStat(ctx context.Context, work crawl.Work) error {
	s := &statter{lister: l, work: work, window: firstWindow}
	err := s.serve(ctx)
	if _, ok := errors.AsType[*unfitError](err); ok {
		s.leave()
	}
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

// fill asks for directories until there are none, or enough are under way. Commands
// go out many at a time, so it waits until there is room for some.
func (s *statter) fill(ctx context.Context) error {
	if len(s.asked) > s.window/2 || len(s.asked) > 0 && s.conn.Ready() {
		return nil
	}
	if s.conn == nil {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	var commands []string
	for len(s.doubted) < maxDoubted && len(s.asked) < s.window {
		task, err := s.next(ctx)
		if err != nil {
			return err
		}
		if task == nil {
			break
		}
		form := s.form()
		all := append(commands, s.cwd(task.Path), string(form))
		switch {
		case task.Failures == 0 && s.conn.Fits(all...):
			commands, s.asked = all, append(s.asked, asked{task, form})
			continue
		case task.Failures == 0 && len(s.asked) > 0:
			s.work.Return(task) // until there is room
		default:
			s.doubted = append(s.doubted, doubted{task: task})
			continue
		}
		break
	}
	return s.conn.Send(ctx, commands...)
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
	s.asked = s.asked[1:]
	s.window = min(s.window+1, maxWindow)
	switch {
	case entered.Code/100 == 4:
		// RFC 959, section 4.2.1: the same command may succeed the next time.
		s.doubted = append(s.doubted, doubted{task: now.task})
		return nil
	case !entered.Positive():
		no := &ftpconn.ReplyError{Command: "CWD", Reply: entered}
		return s.work.Deliver(ctx, now.task, crawl.Incomplete(digest.Refused, nil, "%v", no))
	case !reply.Positive():
		s.doubted = append(s.doubted, doubted{task: now.task})
		return s.refused(now.form, reply)
	}
	t := s.read(reply)
	s.answers++
	audit := s.answers%auditEvery == 0
	if found, sure := s.sure(t); sure && !audit {
		return s.work.Deliver(ctx, now.task, found)
	}
	s.doubted = append(s.doubted, doubted{now.task, t, audit})
	return nil
}

// answer reads the replies to CWD and STAT.
func (s *statter) answer(ctx context.Context) (entered, reply ftpconn.Reply, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Whole, errWhole)
	defer cancel()
	entered, err = s.conn.Receive(ctx, ftpconn.DefaultMaxReply)
	if err == nil {
		reply, err = s.conn.Receive(ctx, int(s.cfg.Limits.Listing))
	}
	return entered, reply, err
}

// failed tells errors that end a directory, and with it the connection, from those
// that are for the walk.
func (s *statter) failed(ctx context.Context, err error) error {
	found, err := s.explain(err)
	if err != nil {
		return err
	}
	task := s.asked[0].task
	for _, other := range s.asked[1:] {
		s.work.Return(other.task)
	}
	s.asked, s.window = nil, firstWindow
	return s.work.Deliver(ctx, task, found)
}

// refused learns from a STAT that is refused although the directory was entered.
func (s *statter) refused(form statForm, reply ftpconn.Reply) error {
	switch known := s.known().Stat; {
	case unknownCommand(reply), known == statPlain && form == statPlain && s.known().Agreed == 0:
		return unfit("the server answers %s with %q", form, reply)
	case known == statUntried:
		s.learn(func(f *facts) { f.Stat = statPlain })
	}
	return nil
}

// settle lists the doubtful directories one at a time, with all that belongs to it,
// and learns from them how far STAT can be believed. What has become clear in the
// meantime is believed.
func (s *statter) settle(ctx context.Context) error {
	for len(s.doubted) > 0 {
		d := s.doubted[0]
		found, sure := crawl.Listing{}, false
		if d.told != nil && !d.audit {
			found, sure = s.sure(d.told)
		}
		if !sure {
			var err error
			if found, err = s.List(ctx, d.task.Path); err != nil {
				return err
			}
			if d.told != nil {
				if err := s.learnFrom(ctx, d.told, found); err != nil {
					return err
				}
			}
		}
		s.doubted = s.doubted[1:]
		if err := s.work.Deliver(ctx, d.task, found); err != nil {
			return err
		}
	}
	return nil
}

// leave gives back what was taken, and reads what is under way, so that another
// strategy can have the connection.
func (s *statter) leave() {
	for _, a := range s.asked {
		s.work.Return(a.task)
	}
	for _, d := range s.doubted {
		s.work.Return(d.task)
	}
	if s.conn != nil && s.conn.Pending() > 0 {
		s.hangUp()
	}
}
