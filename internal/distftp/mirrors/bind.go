package mirrors

import (
	"context"
	"fmt"

	"mirrortracker/internal/mirror"
)

// MaxURL bounds the URL of a tracked directory, in bytes.
const MaxURL = 2000

// Bind has the files below a directory sent by the members of a mirror entry.
func (s *Store) Bind(ctx context.Context, dir mirror.Path, id int) error {
	return s.bind(ctx, dir, id, "")
}

// BindAuto has the files below a directory sent by whoever the tracker knows to have it: a
// tracked directory by its URL, or with "" whatever has the content of ours.
func (s *Store) BindAuto(ctx context.Context, dir mirror.Path, url string) error {
	if len(url) > MaxURL || !sayable(url) {
		return fmt.Errorf("URL: want at most %d bytes, none of them a control character", MaxURL)
	}
	return s.bind(ctx, dir, auto, url)
}

func (s *Store) bind(ctx context.Context, dir mirror.Path, id int, url string) error {
	if len(dir) > MaxPath {
		return fmt.Errorf("a path may have %d bytes", MaxPath)
	}
	return s.change(ctx, "mirror a directory", func(t *change) error {
		if a, _, linked := t.Alias(dir); linked {
			return &LinkedError{dir, a.Path}
		}
		if id != auto {
			if _, err := t.entry(id); err != nil {
				return err
			}
		}
		if err := t.exec(`DELETE FROM ftp_mirrored WHERE dir = ?`, []byte(dir)); err != nil {
			return err
		}
		return t.exec(`INSERT INTO ftp_mirrored (dir, mirror, url) VALUES (?, ?, ?)`, []byte(dir), id, url)
	})
}

// Unbind has the files below a directory sent by nobody but us, or as a directory above
// says. A directory that is bound by the configuration stays so: [ConfiguredError].
func (s *Store) Unbind(ctx context.Context, dir mirror.Path) error {
	return s.change(ctx, "mirror a directory no more", func(t *change) error {
		if b := t.Bound(dir); b != nil && b.Configured {
			return &ConfiguredError{dir}
		}
		return t.exec(`DELETE FROM ftp_mirrored WHERE dir = ?`, []byte(dir))
	})
}
