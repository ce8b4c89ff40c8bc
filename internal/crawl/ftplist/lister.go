package ftplist

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/listing"
	"mirrortracker/internal/mirror"
)

// A lister is one connection to the site.
type lister struct {
	*Source
	conn *ftpconn.Conn // nil after a listing was given up in the middle
}

var _ crawl.Lister = (*lister)(nil)

// Close closes the connection.
func (l *lister) Close() error {
	if l.conn == nil {
		return nil
	}
	return l.conn.Close()
}

// errWhole ends a listing that takes too long as a whole.
var errWhole = errors.New("the listing takes too long")

// List lists one directory.
func (l *lister) List(ctx context.Context, dir mirror.Path) (crawl.Listing, error) {
	if l.conn == nil {
		if err := l.connect(ctx); err != nil {
			return crawl.Listing{}, err
		}
	}
	whole, cancel := context.WithTimeoutCause(ctx, l.cfg.Whole, errWhole)
	defer cancel()
	found, err := l.list(whole, dir)
	if err == nil {
		return found, nil
	}
	return l.explain(err)
}

// explain tells errors that end a directory from those that end a connection.
func (l *lister) explain(err error) (crawl.Listing, error) {
	if no, ok := errors.AsType[*ftpconn.ReplyError](err); ok && !no.Lost() {
		return crawl.Incomplete(digest.Refused, nil, "%v", no), nil
	}
	if long, ok := errors.AsType[*ftpconn.TooLongError](err); ok {
		l.hangUp()
		return crawl.Incomplete(digest.Limit, nil, "%v, which is crawl.limits.listing", long), nil
	}
	if errors.Is(err, errWhole) {
		l.hangUp()
		return crawl.Incomplete(digest.Limit, nil, "the listing takes longer than crawl.listing_timeout = %s", l.cfg.Whole), nil
	}
	return crawl.Listing{}, err
}

// hangUp gives up a connection whose server is still sending.
func (l *lister) hangUp() {
	l.conn.Close()
	l.conn = nil
}

func (l *lister) list(ctx context.Context, dir mirror.Path) (crawl.Listing, error) {
	if err := l.enter(ctx, dir); err != nil {
		return crawl.Listing{}, err
	}
	f := l.known()
	if f.noMLSD || !l.conn.Has("MLST") && !l.conn.Has("MLSD") {
		if l.cfg.Way == MLSD {
			return crawl.Incomplete(digest.Refused, nil, "crawl.listing is mlsd, but the server does not offer MLSD, or follows links in it"), nil
		}
		return l.byLIST(ctx)
	}
	return l.byMLSD(ctx, f.linksProven)
}

// enter changes to a directory of the site.
func (l *lister) enter(ctx context.Context, dir mirror.Path) error {
	reply, err := l.conn.Cmd(ctx, "CWD "+l.cfg.URL.Base+strings.TrimPrefix(string(dir), "/"))
	if err == nil && !reply.Positive() {
		err = &ftpconn.ReplyError{Command: "CWD", Reply: reply}
	}
	return err
}

// byMLSD lists the directory that was entered with MLSD, and until that is
// proven to show links as links, with LIST as well.
func (l *lister) byMLSD(ctx context.Context, proven bool) (crawl.Listing, error) {
	text, reply, err := l.conn.Fetch(ctx, "MLSD", l.cfg.Limits.Listing)
	if no, ok := errors.AsType[*ftpconn.ReplyError](err); ok && unknownCommand(no.Reply) && l.cfg.Way == Auto {
		l.learn(func(f *facts) { f.noMLSD = true })
		return l.byLIST(ctx)
	}
	if err != nil {
		return crawl.Listing{}, err
	}
	found, parseErr := listing.ParseMLSD(text)
	if !proven {
		if err := l.compareKinds(ctx, found); err != nil {
			return crawl.Listing{}, err
		}
	}
	return l.judge(ctx, "MLSD", found, parseErr, reply, listing.Dates{Now: l.cfg.Now()})
}

// unknownCommand reports a reply that says that there is no such command: 500 or
// 502 (RFC 959, section 4.2.2).
func unknownCommand(r ftpconn.Reply) bool { return r.Code == 500 || r.Code == 502 }

// compareKinds lists the present directory with LIST too and compares what is
// a link, a file, a directory or something else. MLSD is proven by a link that
// leads to something in the same directory: a dangling one is shown as a link by
// servers, too, that follow all others.
func (l *lister) compareKinds(ctx context.Context, told listing.Listing) error {
	text, _, err := l.fetchLIST(ctx)
	if err != nil {
		return err
	}
	shown, _ := listing.ParseList(text)
	kinds := make(map[string]digest.Kind, len(told.Entries))
	for _, e := range told.Entries {
		kinds[e.Name] = e.Kind
	}
	for _, e := range shown.Entries {
		kind, ok := kinds[e.Name]
		switch {
		case !ok || digest.Hidden(e.Name):
		case kind != e.Kind:
			l.learn(func(f *facts) { f.noMLSD = true })
			return &crawl.RestartError{Why: fmt.Sprintf("MLSD shows the %s %q as a %s", e.Kind, e.Name, kind)}
		case kind == digest.Link && leads(kinds[strings.TrimSuffix(e.Target, "/")]):
			l.learn(func(f *facts) { f.linksProven = true })
		}
	}
	return nil
}

func leads(target digest.Kind) bool { return target == digest.File || target == digest.Dir }

// byLIST lists the directory that was entered with LIST.
func (l *lister) byLIST(ctx context.Context) (crawl.Listing, error) {
	text, reply, err := l.fetchLIST(ctx)
	if err != nil {
		return crawl.Listing{}, err
	}
	now := l.cfg.Now()
	found, parseErr := listing.ParseList(text)
	zone, err := l.zoneFor(ctx, found.Entries, now)
	if err != nil {
		return crawl.Listing{}, err
	}
	return l.judge(ctx, "LIST", found, parseErr, reply, listing.Dates{Now: now, Zone: zone})
}

// fetchLIST sends LIST -a, or plain LIST on a server that does not know -a.
func (l *lister) fetchLIST(ctx context.Context) ([]byte, ftpconn.Reply, error) {
	if !l.known().plain {
		text, reply, err := l.conn.Fetch(ctx, "LIST -a", l.cfg.Limits.Listing)
		no, refused := errors.AsType[*ftpconn.ReplyError](err)
		if !refused || !unknownCommand(no.Reply) && no.Reply.Code != 501 && no.Reply.Code != 504 {
			return text, reply, err
		}
		l.learn(func(f *facts) { f.plain = true })
	}
	return l.conn.Fetch(ctx, "LIST", l.cfg.Limits.Listing)
}
