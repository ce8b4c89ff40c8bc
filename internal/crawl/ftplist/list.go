package ftplist

import (
	"context"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/listing"
)

// byLIST lists the directory that was entered with LIST.
func (l *lister) byLIST(ctx context.Context) (crawl.Listing, error) {
	const tries = 2 // a file may change between LIST and MDTM
	for try := 1; ; try++ {
		text, reply, err := l.fetchLIST(ctx)
		if err != nil {
			return crawl.Listing{}, err
		}
		now := l.cfg.Now()
		found, parseErr := listing.ParseListUpTo(text, l.cfg.Limits.Entries+1)
		zone, contradiction, err := l.zoneFor(ctx, found.Entries, now)
		switch {
		case err != nil:
			return crawl.Listing{}, err
		case contradiction != nil && try < tries:
			continue
		case contradiction != nil:
			l.learn(func(f *facts) { f.ZoneUnknown = true })
			return crawl.Listing{}, contradiction
		}
		judged, err := l.judge(ctx, "LIST", found, parseErr, reply, clocksIn(zone, now))
		if err != nil || judged.Reason != digest.Complete {
			return judged, err
		}
		return l.uncut(ctx, found, judged)
	}
}

// uncut looks for what LIST leaves out, where MLSD can tell and it may be: see
// [length].
func (l *lister) uncut(ctx context.Context, found listing.Listing, judged crawl.Listing) (crawl.Listing, error) {
	f := l.known()
	if !l.offersMLSD() || f.MLSD == mlsdMissing || !f.mayBeCut("LIST", len(found.Entries)) {
		return judged, nil
	}
	text, reply, err := l.conn.Fetch(ctx, "MLSD", l.cfg.Limits.Listing)
	if no, ok := refused(err); ok {
		if unknownCommand(no.Reply) {
			l.learn(func(f *facts) { f.MLSD = mlsdMissing })
		}
		return judged, nil
	}
	if err != nil {
		return crawl.Listing{}, err
	}
	told, parseErr := listing.ParseMLSDUpTo(text, l.cfg.Limits.Entries+1)
	shown := make(map[string]bool, len(found.Entries))
	for _, e := range found.Entries {
		shown[e.Name] = true
	}
	missing := 0
	for _, e := range told.Entries {
		if (e.Kind == digest.File || e.Kind == digest.Dir) && counts(e.Name) && !shown[e.Name] {
			missing++
		}
	}
	if missing > 0 {
		return crawl.Incomplete(digest.Truncated, judged.Entries, "LIST shows %d names, and not %d others that MLSD shows", len(found.Entries), missing), nil
	}
	if parseErr == nil && !saysTruncated.MatchString(reply.Text()) {
		l.whole("LIST", len(found.Entries))
	}
	return judged, nil
}

// fetchLIST sends LIST -a, or plain LIST on a server that does not know -a: it says
// so, or it has never answered and takes -a for a name.
func (l *lister) fetchLIST(ctx context.Context) ([]byte, ftpconn.Reply, error) {
	f := l.known()
	if f.Plain {
		return l.conn.Fetch(ctx, "LIST", l.cfg.Limits.Listing)
	}
	text, reply, err := l.conn.Fetch(ctx, "LIST -a", l.cfg.Limits.Listing)
	no, isRefusal := refused(err)
	switch {
	case err == nil && !f.DashA:
		l.learn(func(f *facts) { f.DashA = true })
		return text, reply, nil
	case !isRefusal:
		return text, reply, err
	}
	unknown := unknownCommand(no.Reply) || no.Reply.Code == 501 || no.Reply.Code == 504
	if !unknown && f.DashA {
		return text, reply, err
	}
	text, reply, err = l.conn.Fetch(ctx, "LIST", l.cfg.Limits.Listing)
	if err == nil || unknown {
		l.learn(func(f *facts) { f.Plain = true })
	}
	return text, reply, err
}
