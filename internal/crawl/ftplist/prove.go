package ftplist

import (
	"context"
	"slices"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// provesMLSD reports whether MLSD can be proven with a directory of these entries: one
// of them is a link to another.
func provesMLSD(entries []digest.Entry) bool {
	return slices.ContainsFunc(entries, func(link digest.Entry) bool {
		return link.Kind == digest.Link && slices.ContainsFunc(entries, func(e digest.Entry) bool {
			return leads(e.Kind) && e.Name == strings.TrimSuffix(link.Target, "/")
		})
	})
}

// wantsLink reports whether a directory with a link to prove MLSD with is wanted.
func (f facts) wantsLink() bool { return f.MLSD == mlsdUnproven && len(f.LinkAt) == 0 }

// spotLink remembers the present directory if MLSD can be proven with it, and does so
// at once where directories are incomplete for want of that.
func (l *lister) spotLink(ctx context.Context, dir mirror.Path, entries []digest.Entry) error {
	f := l.known()
	if !l.canMLSD() || !f.wantsLink() || !provesMLSD(entries) {
		return nil
	}
	l.learn(func(f *facts) { f.LinkAt = []byte(dir) })
	if f.Unverified {
		return l.prove(ctx, dir)
	}
	return nil
}

// prove lists a directory with a link by MLSD, if one is known and that was not done
// yet, and comes back to the present one. Whatever is wrong with that directory is no
// reason to think ill of others.
func (l *lister) prove(ctx context.Context, present mirror.Path) error {
	f := l.known()
	if f.MLSD != mlsdUnproven || len(f.LinkAt) == 0 {
		return nil
	}
	err := l.enter(ctx, mirror.Path(f.LinkAt))
	if err == nil {
		_, err = l.byMLSD(ctx)
	}
	if err != nil {
		l.learn(func(f *facts) { f.LinkAt = nil })
		if _, no := refused(err); !no {
			return err
		}
	}
	return l.enter(ctx, present)
}
