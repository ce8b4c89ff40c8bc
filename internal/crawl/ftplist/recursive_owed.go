package ftplist

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// maxOwed is how many directories may be owed a check at a time.
const maxOwed = 256

// owe notes that a directory must be looked at alone before the crawl ends, because it
// would teach something about all listings: that dates of its kind are in UTC, or that
// listings of its length are not cut. While a stream is on its way nothing can be asked,
// and to wait with all that is below such a directory would be to wait with most of a
// site. It reports false if there are too many already.
func (l *lister) owe(dir mirror.Path) bool {
	ok := false
	l.learn(func(f *facts) {
		if ok = len(f.Owed) < maxOwed; ok {
			f.Owed = append(slices.Clip(f.Owed), []byte(dir))
		}
	})
	return ok
}

// checkOwed looks at the directories that are owed a check. Where one does not pass, or
// its check comes to nothing, directories that were delivered may be wrong, and the walk
// must begin again, without recursive listings if they are why.
func (l *lister) checkOwed(ctx context.Context) error {
	for owed := l.known().Owed; len(owed) > 0; owed = l.known().Owed {
		if err := l.ready(ctx); err != nil {
			return err
		}
		dir, untold := mirror.Path(owed[0]), l.known().Untold
		found, err := l.List(ctx, dir)
		again, restart := errors.AsType[*crawl.RestartError](err)
		if err == nil {
			err = l.ready(ctx)
		}
		switch {
		case restart:
		case err != nil:
			return err
		case found.Reason == digest.Truncated:
			again = l.withoutRecursions("%s cuts %s", listAll, mirror.EscapePath(dir.Dir()))
		case found.Reason != digest.Complete:
			again = l.withoutRecursions("%s shows %s, which cannot be listed alone: %s", listAll, mirror.EscapePath(dir.Dir()), found.Detail)
		case l.known().Untold > untold && !l.known().NoMDTM:
			again = l.withoutRecursions("%s shows dates in %s that MDTM does not tell", listAll, mirror.EscapePath(dir.Dir()))
		default:
			l.learn(func(f *facts) {
				f.Owed = slices.DeleteFunc(slices.Clone(f.Owed), func(b []byte) bool { return string(b) == string(dir) })
			})
			continue
		}
		l.learn(func(f *facts) { f.Owed = nil })
		return again
	}
	return nil
}

// withoutRecursions has the walk begin again without recursive listings.
func (l *lister) withoutRecursions(format string, args ...any) *crawl.RestartError {
	why := fmt.Sprintf(format, args...)
	l.forgo(Recursive, why)
	return &crawl.RestartError{Why: why}
}
