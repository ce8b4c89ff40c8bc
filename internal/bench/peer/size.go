package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/distftp/list"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/forest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
)

// changed is how much of the archive changes before a delta is made.
const changed = 0.01

// size measures the packs of a mirror, of a change of it, and of a second mirror, and the
// listing of the first.
func (b *bench) size(ctx context.Context) error {
	full, err := b.export(ctx, 0, "full.pack")
	if err != nil {
		return err
	}
	b.note(fullSize, float64(full.Size), "bytes")
	b.note("  directories in it", float64(full.Trees), "")
	b.note("  time to make it", full.cost.time.Seconds(), "s")
	b.note(exportMemory, mebibytes(full.cost.memory), "MiB")
	b.Say("a full pack has %d directories in %d bytes", full.Trees, full.Size)

	db, err := store.Open(ctx, b.exporter())
	if err != nil {
		return err
	}
	defer db.Close()
	first, err := root(ctx, db, b.sites[0])
	if err != nil {
		return err
	}
	text, compressed, err := b.listing(ctx, db, first)
	if err != nil {
		return err
	}
	b.note("ls -lR", float64(text), "bytes")
	b.note(listingSize, float64(compressed), "bytes")
	b.Say("the listing has %d bytes, compressed %d", text, compressed)

	// Of the other mirrors, the one that differs most.
	var second packed
	for other := 1; other < len(b.sites); other++ {
		p, err := b.export(ctx, other, "second.pack", first.String())
		if err != nil {
			return err
		}
		if p.Trees > second.Trees {
			second = p
		}
	}
	b.note(secondSize, float64(second.Size), "bytes")
	b.note(secondTrees, float64(second.Trees), "")

	change, err := b.options.params().Change(0, 1, changed)
	if err != nil {
		return err
	}
	if err := change.Publish(ctx, db); err != nil {
		return err
	}
	delta, err := b.export(ctx, 0, "delta.pack", "1")
	if err != nil {
		return err
	}
	b.note(deltaSize, float64(delta.Size), "bytes")
	b.note(deltaTrees, float64(delta.Trees), "")
	b.note("  time to make it", delta.cost.time.Seconds(), "s")
	return nil
}

// root returns the root of a site.
func root(ctx context.Context, db *store.Store, site mirror.Site) (digest.ID, error) {
	last, err := db.History(ctx, site.ID(), 1)
	if err == nil && len(last) == 0 {
		err = fmt.Errorf("site %s has no snapshot", site.Name)
	}
	if err != nil {
		return digest.ID{}, err
	}
	return last[0].Root, nil
}

// listing returns the size of what ls -lR says of a hierarchy, and of that under zstd -19.
func (b *bench) listing(ctx context.Context, db *store.Store, root digest.ID) (text, compressed int64, err error) {
	zstd, err := testbed.Find("zstd")
	if err != nil {
		return 0, 0, err
	}
	cmd := exec.CommandContext(ctx, zstd, "-19", "-q", "-c")
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, 0, err
	}
	out := new(counter)
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	said := new(counter)
	w := bufio.NewWriter(io.MultiWriter(in, said))
	place := forest.Place{Source: db, Root: root}
	path, tree, err := place.Find(ctx, mirror.Root)
	if err == nil {
		err = forest.Walk(ctx, db, path, tree, func(path mirror.Path, t *digest.Tree) error { return describe(ctx, w, db, path, t) })
	}
	if err == nil {
		err = w.Flush()
	}
	in.Close()
	if waited := cmd.Wait(); err == nil {
		err = waited
	}
	return said.n, out.n, err
}

// describe writes a directory as ls -lR does.
func describe(ctx context.Context, w io.Writer, db *store.Store, path mirror.Path, t *digest.Tree) error {
	var whole *digest.Tree
	if err := db.Trees(ctx, []digest.ID{t.ID}, store.Branches|store.Leaves, func(t *digest.Tree) error { whole = t; return nil }); err != nil {
		return err
	}
	if whole == nil {
		return store.ErrNoTree
	}
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	text := fmt.Appendf(nil, "%s:\n", path)
	for line := range whole.Lines() {
		if line[0] == '!' {
			continue
		}
		e, _, err := digest.ParseLine(line)
		if err != nil {
			return err
		}
		shown := vfs.Entry{Name: e.Name, Size: e.Size, Mode: 0o644, Owner: "ftp", Group: "ftp", Target: e.Target, ModTime: e.Date.Time()}
		switch e.Kind {
		case digest.Dir:
			shown.Kind, shown.Mode, shown.Size, shown.ModTime = vfs.Directory, fs.ModeDir|0o755, 4096, now
		case digest.Link:
			shown.Kind, shown.Mode, shown.ModTime = vfs.Link, fs.ModeSymlink|0o777, now
		}
		text = list.AppendLong(text, shown, now)
		text = append(text[:len(text)-2], '\n')
	}
	_, err := w.Write(append(text, '\n'))
	return err
}

// A counter counts bytes.
type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
