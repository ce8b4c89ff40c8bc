package ftplist

import (
	"context"
	"fmt"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/listing"
)

// told is what STAT said of a directory.
type told struct {
	raw listing.Listing
	bad error // what was not understood
	now time.Time
}

// read reads the listing in a reply to STAT.
func (s *statter) read(reply ftpconn.Reply) *told {
	raw, bad := listing.ParseListUpTo(reply.Body(), s.cfg.Limits.Entries+1)
	return &told{raw: raw, bad: bad, now: s.cfg.Now()}
}

// sure makes a listing of what was told, and reports whether it is sure that this is
// all of the directory and that there is nothing more to learn from it.
func (s *statter) sure(t *told) (crawl.Listing, bool) {
	f := s.known()
	found := crawl.Listing{Entries: entriesOf(t.raw.Entries, clocksIn(s.zone(), t.now))}
	sure := t.bad == nil && !t.raw.HidesLinks && f.Agreed >= enoughAgreed &&
		f.showsAll("STAT", t.raw) && !f.mayBeCut("STAT", len(t.raw.Entries)) &&
		len(s.unsettled(t.raw.Entries, t.now)) == 0
	if sure && s.canMLSD() {
		sure = !lacksDates(found) && !(f.wantsLink() && provesMLSD(found.Entries))
	}
	return found, sure
}

// showsAll reports whether a listing shows the directory itself, and not it alone,
// where the command does so at all; see [lister.refusedInSilence].
func (f facts) showsAll(command string, l listing.Listing) bool {
	if f.ShowsSelf[command] {
		return l.Self && (l.Parent || len(l.Entries) > 0)
	}
	return !l.Self && len(l.Entries) > 0
}

// learnFrom compares what was told of the present directory with what was found in
// another way. Directories change, so it looks twice.
func (s *statter) learnFrom(ctx context.Context, t *told, found crawl.Listing) error {
	if found.Reason != digest.Complete {
		return nil
	}
	why := s.differs(t, found)
	if why != "" && s.conn != nil {
		again, err := s.ask(ctx)
		if err != nil || again == nil {
			return err
		}
		t = again
		why = s.differs(t, found)
	}
	entries := len(t.raw.Entries)
	switch {
	case why == "":
		s.whole("STAT", entries)
		s.learn(func(f *facts) {
			f.Agreed++
			if f.Stat == statUntried {
				f.Stat = statAll
			}
			if t.raw.Self {
				f.ShowsSelf = with(f.ShowsSelf, "STAT", true)
			}
		})
	case t.bad == nil && entries > 0 && len(found.Entries) > entries && s.known().mayBeCut("STAT", entries):
		// The server cuts it; whatever is as long is listed in another way.
	default:
		if s.disagreed++; s.disagreed > maxDisagreed {
			return unfit("STAT and LIST do not agree: %s", why)
		}
	}
	return nil
}

// ask sends STAT for the present directory; nil is a refusal.
func (s *statter) ask(ctx context.Context) (*told, error) {
	if err := s.conn.Send(ctx, string(s.form())); err != nil {
		return nil, err
	}
	reply, err := s.conn.Receive(ctx, int(s.cfg.Limits.Listing))
	if err != nil || !reply.Positive() {
		return nil, err
	}
	return s.read(reply), nil
}

// differs says what is not the same in what was told and found; dates are compared
// where both are known.
func (s *statter) differs(t *told, found crawl.Listing) string {
	if t.bad != nil {
		return "STAT: " + t.bad.Error()
	}
	shown, _ := digest.Clean(entriesOf(t.raw.Entries, clocksIn(s.zone(), t.now)))
	others, _ := digest.Clean(append([]digest.Entry(nil), found.Entries...))
	return difference(shown, others)
}

// difference says where two cleaned listings of a directory differ, "" if nowhere.
func difference(a, b []digest.Entry) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d entries and %d", len(a), len(b))
	}
	for i, x := range a {
		y := b[i]
		if x.Date.Known() != y.Date.Known() {
			x.Date, y.Date = 0, 0
		}
		if x != y {
			return fmt.Sprintf("%s %q of %d bytes of %s, and %s %q of %d bytes of %s", x.Kind, x.Name, x.Size, x.Date, y.Kind, y.Name, y.Size, y.Date)
		}
	}
	return ""
}
