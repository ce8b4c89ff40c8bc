package ftplist

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/listing"
)

// offersMLSD reports whether the server lists MLSD, or MLST, which implies it (RFC
// 3659, section 7.8).
func (l *lister) offersMLSD() bool { return l.mlsd }

// canMLSD reports whether MLSD may be used, as far as is known.
func (l *lister) canMLSD() bool {
	state := l.known().MLSD
	return l.offersMLSD() && state != mlsdFollows && state != mlsdMissing
}

// needsMLSD reports whether exact digests can come from MLSD alone, because the dates
// of LIST mean nothing or cannot be checked.
func (l *lister) needsMLSD() bool {
	f := l.known()
	return l.canMLSD() && l.cfg.Way != LIST && l.cfg.Zone == nil && (f.ZoneUnknown || f.NoMDTM)
}

// byMLSD lists the directory that was entered with MLSD. Until that is proven to
// show links as links it is compared with LIST, and the directory is incomplete
// where the two cannot be compared.
func (l *lister) byMLSD(ctx context.Context) (crawl.Listing, error) {
	const tries = 2 // the directory may change between the two
	for try := 1; ; try++ {
		text, reply, err := l.conn.Fetch(ctx, "MLSD", l.cfg.Limits.Listing)
		if no, ok := errors.AsType[*ftpconn.ReplyError](err); ok && unknownCommand(no.Reply) && l.cfg.Way != MLSD {
			l.learn(func(f *facts) { f.MLSD = mlsdMissing })
			return l.byLIST(ctx)
		}
		if err != nil {
			return crawl.Listing{}, err
		}
		found, parseErr := listing.ParseMLSDUpTo(text, l.cfg.Limits.Entries+1)
		dates := clocks{{Now: l.cfg.Now()}}
		if l.known().MLSD == mlsdProven {
			return l.judge(ctx, "MLSD", found, parseErr, reply, dates)
		}
		shown, doubt, err := l.compare(ctx, found)
		switch {
		case err != nil:
			return crawl.Listing{}, err
		case doubt == "" || parseErr != nil || saysTruncated.MatchString(reply.Text()):
			found.Entries = agreed(found, shown)
			return l.judge(ctx, "MLSD", found, parseErr, reply, dates)
		case try == tries:
			l.learn(func(f *facts) { f.Unverified = true })
			return crawl.Incomplete(digest.Unparsable, entriesOf(agreed(found, shown), dates), "MLSD has not shown yet whether it follows links, and %s", doubt), nil
		}
	}
}

// compare lists the present directory with LIST too and compares what is a link, a
// file, a directory or something else. A doubt is what keeps the two from being
// compared; where there is none, a link may prove MLSD.
func (l *lister) compare(ctx context.Context, told listing.Listing) (shown listing.Listing, doubt string, err error) {
	text, reply, err := l.fetchLIST(ctx)
	if err != nil {
		return shown, "", err
	}
	shown, parseErr := listing.ParseListUpTo(text, l.cfg.Limits.Entries+1)
	if shown.HidesLinks {
		return listing.Listing{}, "LIST does not show links either", nil
	}
	if err := l.compareKinds(shown, told); err != nil {
		return shown, "", err
	}
	switch {
	case saysTruncated.MatchString(reply.Text()):
		return shown, "LIST is truncated", nil
	case parseErr != nil:
		return shown, fmt.Sprintf("LIST: %v", parseErr), nil
	}
	if name, ok := lacks(shown, told); ok {
		return shown, fmt.Sprintf("LIST does not show %q, which MLSD does", name), nil
	}
	if name, ok := lacks(told, shown); ok {
		return shown, fmt.Sprintf("MLSD does not show %q, which LIST does", name), nil
	}
	return shown, "", l.proveBy(shown, told)
}

// lacks returns a file or directory of another listing that is missing in one. Links
// do not count: servers leave some of them out.
func lacks(one, other listing.Listing) (name string, ok bool) {
	kinds := kindsOf(one)
	for _, e := range other.Entries {
		if leads(e.Kind) && counts(e.Name) && kinds[e.Name] == 0 {
			return e.Name, true
		}
	}
	return "", false
}

// agreed returns what MLSD told and LIST showed alike, or what does not count.
func agreed(told, shown listing.Listing) []listing.Entry {
	kinds := kindsOf(shown)
	return slices.DeleteFunc(slices.Clone(told.Entries), func(e listing.Entry) bool {
		return (e.Kind == digest.File || e.Kind == digest.Dir) && counts(e.Name) && kinds[e.Name] != e.Kind
	})
}

func kindsOf(l listing.Listing) map[string]digest.Kind {
	kinds := make(map[string]digest.Kind, len(l.Entries))
	for _, e := range l.Entries {
		kinds[e.Name] = e.Kind
	}
	return kinds
}

// counts reports whether a name can stand in a tree at all.
func counts(name string) bool { return digest.SoundName(name) && !digest.Hidden(name) }

// compareKinds compares the kinds of what both listings show.
func (l *lister) compareKinds(shown, told listing.Listing) error {
	kinds := kindsOf(told)
	for _, e := range shown.Entries {
		if kind, ok := kinds[e.Name]; ok && kind != e.Kind && !digest.Hidden(e.Name) {
			l.learn(func(f *facts) { f.MLSD, f.Unverified = mlsdFollows, false })
			return &crawl.RestartError{Why: fmt.Sprintf("MLSD shows the %s %q as a %s", e.Kind, e.Name, kind)}
		}
	}
	return nil
}

// proveBy looks in two listings that agree for a link that leads to something in the
// same directory: a dangling one is shown as a link by servers, too, that follow all
// others.
func (l *lister) proveBy(shown, told listing.Listing) error {
	kinds := kindsOf(told)
	for _, e := range shown.Entries {
		if e.Kind == digest.Link && !digest.Hidden(e.Name) && kinds[e.Name] == digest.Link && leads(kinds[strings.TrimSuffix(e.Target, "/")]) {
			return l.proven()
		}
	}
	return nil
}

func leads(target digest.Kind) bool { return target == digest.File || target == digest.Dir }

// proven notes that MLSD shows links as links. Directories that are incomplete
// because that was not known are worth another walk.
func (l *lister) proven() error {
	again := false
	l.learn(func(f *facts) {
		again = f.Unverified
		f.MLSD, f.Unverified = mlsdProven, false
	})
	if again {
		return &crawl.RestartError{Why: "MLSD is proven to show links as links only now"}
	}
	return nil
}
