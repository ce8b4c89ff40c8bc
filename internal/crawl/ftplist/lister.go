package ftplist

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
)

// A lister is one connection to the site.
type lister struct {
	*Source
	release func()        // gives back the slot of the connection
	conn    *ftpconn.Conn // nil after a listing was given up in the middle
	mlsd    bool          // offered

	roundTrip time.Duration // the shortest seen
}

var _ crawl.Lister = (*lister)(nil)

// errWhole ends a listing that takes too long as a whole.
var errWhole = errors.New("the listing takes too long")

// List lists one directory.
func (l *lister) List(ctx context.Context, dir mirror.Path) (crawl.Listing, error) {
	if err := l.ready(ctx); err != nil {
		return crawl.Listing{}, err
	}
	whole, cancel := l.within(ctx)
	defer cancel()
	found, err := l.list(whole, dir)
	if no, ok := refused(err); ok && no.Reply.Code/100 == 4 {
		// RFC 959, section 4.2.1: the same command may succeed the next time.
		found, err = l.list(whole, dir)
	}
	if err == nil {
		return found, nil
	}
	return l.explain(err)
}

// within returns a context that ends when a listing, or what is asked for in its place,
// takes too long.
func (s *Source) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.cfg.Whole, errWhole)
}

// ready connects again if the connection was given up.
func (l *lister) ready(ctx context.Context) error {
	if l.conn != nil {
		return nil
	}
	return l.connect(ctx)
}

// explain tells errors that end a directory from those that end a connection.
func (l *lister) explain(err error) (crawl.Listing, error) {
	if no, ok := refused(err); ok {
		return crawl.Incomplete(digest.Refused, nil, "%v", no), nil
	}
	if long, ok := errors.AsType[*ftpconn.TooLongError](err); ok {
		l.hangUp()
		if long.Max == l.cfg.Limits.Listing {
			return crawl.Incomplete(digest.Limit, nil, "%v, which is crawl.limits.listing", long), nil
		}
		return crawl.Incomplete(digest.Limit, nil, "%v", long), nil
	}
	if errors.Is(err, errWhole) {
		l.hangUp()
		return crawl.Incomplete(digest.Limit, nil, "the listing takes longer than crawl.listing_timeout = %s", l.cfg.Whole), nil
	}
	return crawl.Listing{}, err
}

// list takes LIST, and MLSD where LIST does not tell all or its dates mean nothing.
// MLSD alone would have to be compared with LIST anyway, as long as it has shown no
// link.
func (l *lister) list(ctx context.Context, dir mirror.Path) (crawl.Listing, error) {
	if err := l.enter(ctx, dir); err != nil {
		return crawl.Listing{}, err
	}
	switch {
	case l.cfg.Way == LIST:
		return l.byLIST(ctx)
	case l.cfg.Way == MLSD && !l.canMLSD():
		return crawl.Incomplete(digest.Refused, nil, "crawl.listing is mlsd, but the server does not offer MLSD, or follows links in it"), nil
	case l.cfg.Way == MLSD || l.needsMLSD():
		return l.byMLSD(ctx)
	}
	shown, err := l.byLIST(ctx)
	if err == nil {
		err = l.spotLink(ctx, dir, shown.Entries)
	}
	if err != nil || !l.canMLSD() || shown.Reason == digest.Complete && !lacksDates(shown) {
		return shown, err
	}
	if err := l.prove(ctx, dir); err != nil {
		return crawl.Listing{}, err
	}
	told, err := l.byMLSD(ctx)
	if _, ok := refused(err); ok {
		return shown, nil
	}
	if err == nil && told.Reason != digest.Complete {
		return shown, nil
	}
	return told, err
}

// lacksDates reports whether a complete listing has files of unknown dates.
func lacksDates(l crawl.Listing) bool {
	return l.Reason == digest.Complete && slices.ContainsFunc(l.Entries, func(e digest.Entry) bool {
		return e.Kind == digest.File && !e.Date.Known() && counts(e.Name)
	})
}

// enter changes to a directory of the site.
func (l *lister) enter(ctx context.Context, dir mirror.Path) error {
	sent := l.cfg.Now()
	reply, err := l.conn.Cmd(ctx, l.cwd(dir))
	if took := l.cfg.Now().Sub(sent); err == nil && (l.roundTrip == 0 || took < l.roundTrip) {
		l.roundTrip = took
	}
	if err == nil && !reply.Positive() {
		err = &ftpconn.ReplyError{Command: "CWD", Reply: reply}
	}
	return err
}

// cwd returns the command that changes to a directory of the site.
func (l *lister) cwd(dir mirror.Path) string {
	return "CWD " + l.cfg.URL.Base + strings.TrimPrefix(string(dir), "/")
}

// unknownCommand reports a reply that says that there is no such command: 500 or
// 502 (RFC 959, section 4.2.2).
func unknownCommand(r ftpconn.Reply) bool { return r.Code == 500 || r.Code == 502 }

// refused reports whether an error is the server's refusal of a command, after which
// the connection can be used.
func refused(err error) (*ftpconn.ReplyError, bool) {
	no, ok := errors.AsType[*ftpconn.ReplyError](err)
	return no, ok && !no.Lost()
}
