package ftplist

import (
	"context"
	"errors"
	"regexp"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/listing"
)

// saysTruncated finds the word of servers that stop a listing at a limit of
// theirs and end it with 226 all the same (pure-ftpd: "226-Output truncated to
// 2000 matches").
var saysTruncated = regexp.MustCompile(`(?i)truncat`)

// judge says whether what came over a data connection was the whole directory
// (docs/digest-v1.md, "Refusals that look like answers").
func (l *lister) judge(ctx context.Context, command string, found listing.Listing, parseErr error, reply ftpconn.Reply, dates clocks) (crawl.Listing, error) {
	entries := entriesOf(found.Entries, dates)
	switch {
	case saysTruncated.MatchString(reply.Text()):
		return crawl.Incomplete(digest.Truncated, entries, "%s: the server says %q", command, reply), nil
	case tooMany(parseErr):
		return crawl.Incomplete(digest.Limit, entries, "%s: more than crawl.limits.entries = %d names", command, l.cfg.Limits.Entries), nil
	case parseErr != nil:
		return crawl.Incomplete(digest.Unparsable, entries, "%s: %v", command, parseErr), nil
	case found.HidesLinks:
		return crawl.Incomplete(digest.Unparsable, entries, "%s: listings of this kind (Windows, EPLF) do not tell links from what they lead to", command), nil
	}
	if refused, err := l.refusedInSilence(ctx, command, found); err != nil {
		return crawl.Listing{}, err
	} else if refused {
		return crawl.Incomplete(digest.Refused, nil, "%s: the server says yes, but does not show the directory", command), nil
	}
	return crawl.Listing{Entries: entries}, nil
}

// tooMany reports that a listing was given up at the limit of entries.
func tooMany(err error) bool {
	_, ok := errors.AsType[*listing.LimitError](err)
	return ok
}

func entriesOf(found []listing.Entry, dates clocks) []digest.Entry {
	entries := make([]digest.Entry, len(found))
	for i, e := range found {
		entries[i] = digest.Entry{Name: e.Name, Kind: e.Kind, Size: e.Size, Target: e.Target}
		if e.Kind == digest.File {
			entries[i].Date = dates.Date(e.Stamp)
		}
	}
	return entries
}

// refusedInSilence reports whether a listing that looks complete is a refusal.
//
// A server that has ever shown a directory as an entry of itself does so for
// each that it lists: a listing without that entry is a refusal, and so is one of
// nothing else (vsftpd lists a directory that it may not read as if it were a
// file; a directory that it did read has ".." too). Where a server never shows
// it, which only a listing of something can tell, an empty listing is believed if
// the server refuses to list a name that cannot exist.
func (l *lister) refusedInSilence(ctx context.Context, command string, found listing.Listing) (bool, error) {
	shows, known := l.known().ShowsSelf[command]
	switch {
	case found.Self:
		if !shows {
			l.learn(func(f *facts) { f.ShowsSelf = with(f.ShowsSelf, command, true) })
		}
		if known && !shows {
			return false, &crawl.RestartError{Why: command + " shows directories as entries of themselves, and an earlier one did not"}
		}
		alone := !found.Parent && len(found.Entries) == 0 && command == "LIST"
		return alone, nil
	case shows:
		return true, nil
	case len(found.Entries) > 0:
		if !known {
			// Another connection may have learnt better in the meantime.
			l.learn(func(f *facts) { f.ShowsSelf = with(f.ShowsSelf, command, f.ShowsSelf[command]) })
		}
		return false, nil
	case !known:
		return true, nil
	}
	const cannotExist = "mirrortracker-asks-for-a-name-that-does-not-exist"
	_, _, err := l.conn.Fetch(ctx, command+" "+cannotExist, l.cfg.Limits.Listing)
	if no, ok := refused(err); ok {
		// That it takes no names says nothing about directories.
		return unknownCommand(no.Reply) || no.Reply.Code == 504, nil
	}
	return true, err
}
