package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// Memory is trees by their identities.
type memory map[digest.ID]*digest.Tree

var _ Source = memory{}

// Trees implements [Source].
func (m memory) Trees(_ context.Context, ids []digest.ID, _ store.Parts, fn func(*digest.Tree) error) error {
	given := map[digest.ID]bool{}
	for _, id := range ids {
		if t := m[id]; t != nil && !given[id] {
			given[id] = true
			if err := fn(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// A dir is a directory of a site.
type dir struct {
	reason digest.Reason
	dirs   map[string]*dir
	others []digest.Entry // files and links
}

// tree puts a directory and all below it into memory, and counts those that are incomplete.
func (m memory) tree(d *dir) (tree *digest.Tree, incomplete int64) {
	entries := append([]digest.Entry(nil), d.others...)
	if d.reason != digest.Complete {
		incomplete++
	}
	for name, below := range d.dirs {
		t, n := m.tree(below)
		entries = append(entries, digest.Entry{Name: name, Kind: digest.Dir, Sub: &t.Summary})
		incomplete += n
	}
	clean, _ := digest.Clean(entries)
	tree = digest.NewDigester().Tree(clean, d.reason)
	m[tree.ID] = tree
	return tree, incomplete
}

var crawled = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// header describes the snapshot of a site that is in memory.
func (m memory) header(d *dir, bases ...digest.ID) Header {
	root, incomplete := m.tree(d)
	u, err := mirror.ParseURL("ftp://ftp.example.org/pub/")
	if err != nil {
		panic(err)
	}
	return Header{
		Tracker: "tracker.example", Origin: "origin.example",
		Site:    Site{Name: "example", URL: u, Weight: mirror.DefaultWeight},
		Started: crawled.Add(-time.Hour), Finished: crawled,
		Root: root.ID, Blind: root.Blind, Exact: root.Exact, Totals: root.Totals, Incomplete: incomplete,
		Bases: bases,
	}
}

// export returns the pack of a snapshot.
func export(t testing.TB, src Source, h Header) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := Export(t.Context(), &b, src, h); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read reads a pack into memory, whose trees it may name, and returns what it adds.
func (m memory) read(ctx context.Context, pack []byte, limits Limits) (added int, err error) {
	r, err := NewReader(bytes.NewReader(pack), m, limits)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		trees, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return added, nil
		}
		if err != nil {
			return added, err
		}
		for _, t := range trees {
			if err := t.Verify(); err != nil {
				return added, fmt.Errorf("a tree that was read: %w", err)
			}
			m[t.ID] = t
			added++
		}
	}
}

// file, link and folder make parts of a site.
func file(name string, size int64, date digest.Date) digest.Entry {
	return digest.Entry{Name: name, Kind: digest.File, Size: size, Date: date}
}

func link(name, target string) digest.Entry {
	return digest.Entry{Name: name, Kind: digest.Link, Target: target}
}
