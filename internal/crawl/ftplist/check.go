package ftplist

import (
	"context"
	"errors"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/listing"
)

// Directories are listed both by a strategy and singly until so many have agreed, and
// now and then after that: at twice as many directories each time, and at least every so
// many. The strategy is not believed any more when it differs more
// often than happens when directories change.
const (
	enoughAgreed = 4
	firstAudit   = 1000
	auditEvery   = 10_000
	maxDisagreed = 2
)

// leastLimit is the least limit of entries that a server is thought to cut STAT or LIST
// at; less would be of no use to anybody. (Each look at a listing that may be cut costs
// several round trips.)
const leastLimit = 64

// maxDoubted is how many doubtful directories may wait to be listed singly until those
// under way are waited for.
const maxDoubted = 8

// A checker keeps a strategy that has many directories under way from being believed
// too much. What is clear is delivered. The rest is listed singly, with all that
// belongs to that, when nothing is under way; and what is learnt from it makes others
// clear.
type checker struct {
	*lister
	work  crawl.Work
	way   Way                                      // the strategy
	again func(ctx context.Context) (*told, error) // asks for the present directory once more; nil is a refusal

	doubted   []doubted
	answers   int // listings that were told
	nextAudit int // at so many
	disagreed int // of those that were compared
}

// A doubted directory is one of which the strategy did not tell enough, or nothing.
type doubted struct {
	task  *crawl.Task
	told  *told // nil for nothing
	audit bool  // compare it even if it is clear
	asked bool  // for the times of its files
}

// trusted reports whether the strategy has shown that it can be believed. A crawl that
// goes on after an interruption begins with trust in none: the server may be another.
func (c *checker) trusted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.agreed[c.way] >= enoughAgreed
}

// agree notes that a listing of a strategy was the same singly.
func (m *memory) agree(way Way) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.agreed = with(m.agreed, way, m.agreed[way]+1)
}

// full reports whether too many directories wait to be listed singly.
func (c *checker) full() bool { return len(c.doubted) >= maxDoubted }

// doubt leaves a directory to be listed singly.
func (c *checker) doubt(task *crawl.Task) { c.doubted = append(c.doubted, doubted{task: task}) }

// notEntered takes a directory that CWD refuses. Where the refusal is for now only, or is
// one of the whole session, a single listing will tell.
func (c *checker) notEntered(ctx context.Context, task *crawl.Task, reply ftpconn.Reply) error {
	no := &ftpconn.ReplyError{Command: "CWD", Reply: reply}
	if reply.Code/100 == 4 || no.Lost() {
		c.doubt(task)
		return nil
	}
	return c.work.Deliver(ctx, task, crawl.Incomplete(digest.Refused, nil, "%v", no))
}

// take takes what was told of a directory: it is delivered, or doubted.
func (c *checker) take(ctx context.Context, task *crawl.Task, t *told) error {
	c.answers++
	audit := c.answers == max(c.nextAudit, firstAudit)
	if audit {
		c.nextAudit = c.answers + min(c.answers, auditEvery)
	}
	if found, sure := c.sure(t); sure && !audit {
		return c.work.Deliver(ctx, task, found)
	}
	c.doubted = append(c.doubted, doubted{task: task, told: t, audit: audit})
	return nil
}

// sure makes a listing of what was told, and reports whether it is sure that this is
// all of the directory and that there is nothing more to learn from it.
func (c *checker) sure(t *told) (crawl.Listing, bool) {
	f := c.known()
	found := crawl.Listing{Entries: entriesOf(t.raw.Entries, t.clocks(c.zone()))}
	sure := t.bad == nil && !t.raw.HidesLinks && c.trusted() &&
		f.showsAll(t.command, t.raw) && (len(t.raw.Entries) < leastLimit || !f.mayBeCut(t.command, len(t.raw.Entries))) &&
		len(c.unsettled(t.raw.Entries, t.now)) == 0
	if sure && c.canMLSD() {
		sure = !lacksDates(found) && !(f.wantsLink() && provesMLSD(found.Entries))
	}
	return found, sure
}

// settle lists the doubted directories singly. What has become clear in the meantime
// is believed.
func (c *checker) settle(ctx context.Context) error {
	for len(c.doubted) > 0 {
		if err := c.askTimes(ctx); err != nil {
			return err
		}
		d := c.doubted[0]
		found, sure := crawl.Listing{}, false
		if d.told != nil && !d.audit {
			found, sure = c.sure(d.told)
		}
		if !sure {
			var err error
			if found, err = c.List(ctx, d.task.Path); err != nil {
				return c.brokenLater(ctx, err)
			}
			if d.told != nil {
				if err := c.learnFrom(ctx, d.told, found); err != nil {
					return err
				}
			}
		}
		c.doubted = c.doubted[1:]
		if err := c.work.Deliver(ctx, d.task, found); err != nil {
			return err
		}
	}
	return nil
}

// askTimes asks for the times of files in all doubted directories at once. What it finds
// contradicted, or takes too long, is looked at again when its directory is listed singly.
func (c *checker) askTimes(ctx context.Context) error {
	var commands []string
	var files []listing.Entry
	var at []int // their commands
	for i := range c.doubted {
		d := &c.doubted[i]
		if d.asked || d.told == nil || d.told.bad != nil || d.told.command == "MLSD" || !c.trusted() {
			continue
		}
		d.asked = true
		some := c.unsettled(d.told.raw.Entries, d.told.now)
		if len(some) == 0 {
			continue
		}
		commands = append(commands, c.cwd(d.task.Path))
		for i, command := range commandsFor(some) {
			at = append(at, len(commands))
			files = append(files, some[i])
			commands = append(commands, command)
		}
	}
	if len(files) == 0 || c.conn == nil {
		return nil
	}
	whole, cancel := c.within(ctx)
	defer cancel()
	told, err := c.lister.times(whole, commands)
	if errors.Is(err, errWhole) {
		c.hangUp()
		return nil
	}
	if err != nil {
		return err
	}
	times := make([]time.Time, len(files))
	for i, n := range at {
		times[i] = told[n]
	}
	_, err = c.compareTimes(files, times, c.cfg.Now())
	return err
}

// learnFrom compares what was told of the present directory with what was found
// singly. Directories change, so it looks twice.
func (c *checker) learnFrom(ctx context.Context, t *told, found crawl.Listing) error {
	if found.Reason != digest.Complete {
		return nil
	}
	why := c.differs(t, found)
	if why != "" && c.conn != nil {
		whole, cancel := c.within(ctx)
		defer cancel()
		again, err := c.again(whole)
		if err != nil || again == nil {
			return err
		}
		t = again
		why = c.differs(t, found)
	}
	entries := len(t.raw.Entries)
	switch {
	case why == "":
		c.whole(t.command, entries)
		c.learn(func(f *facts) {
			if t.raw.Self {
				f.ShowsSelf = with(f.ShowsSelf, t.command, true)
			}
		})
		c.agree(c.way)
	case t.bad == nil && entries > 0 && len(found.Entries) > entries && c.known().mayBeCut(t.command, entries):
		// The server cuts it; whatever is as long is listed singly.
	default:
		if c.disagreed++; c.disagreed > maxDisagreed {
			return unfit("it does not agree with single listings: %s", why)
		}
	}
	return nil
}

// differs says what is not the same in what was told and found, "" for nothing; dates
// are compared where both are known.
func (c *checker) differs(t *told, found crawl.Listing) string {
	if t.bad != nil {
		return t.command + ": " + t.bad.Error()
	}
	shown, _ := digest.Clean(entriesOf(t.raw.Entries, t.clocks(c.zone())))
	others, _ := digest.Clean(append([]digest.Entry(nil), found.Entries...))
	return difference(shown, others)
}

// broken tells what an error of the connection means: that the strategy cannot be used
// where it has not been trusted yet, else what it says.
func (c *checker) broken(ctx context.Context, err error) error {
	if c.trusted() || ctx.Err() != nil {
		return err
	}
	if c.conn != nil {
		c.hangUp()
	}
	return unfit("the connection failed: %v", err)
}

// brokenLater tells what an error of a single listing means: replies that cannot belong
// to its commands are left over from those of the strategy.
func (c *checker) brokenLater(ctx context.Context, err error) error {
	if _, left := errors.AsType[*ftpconn.OutOfStepError](err); left {
		return c.broken(ctx, err)
	}
	return err
}

// leave gives back what was taken and not delivered when the strategy ends: all of it
// where others are to do the rest, and all but the directory that was waited for, which
// is first among those under way or else among the doubted, where the connection failed.
func (c *checker) leave(err error, underWay []*crawl.Task) {
	for _, d := range c.doubted {
		underWay = append(underWay, d.task)
	}
	c.doubted = nil
	_, unfit := errors.AsType[*unfitError](err)
	if !unfit && len(underWay) > 0 {
		underWay = underWay[1:]
	}
	c.work.Return(underWay...)
	if unfit && c.conn != nil && c.conn.Pending() > 0 {
		c.hangUp()
	}
}
