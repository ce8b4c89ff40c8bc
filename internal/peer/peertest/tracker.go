// Package peertest has trackers for tests of the exchange: a database with sites of which
// the content follows from numbers.
package peertest

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"aead.dev/minisign"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/catalogue"
	"mirrortracker/internal/peer/trust"
	"mirrortracker/internal/store"
)

// A Tracker is one that serves nobody yet.
type Tracker struct {
	*store.Store
	Catalogue *catalogue.Catalogue
	Key       minisign.PrivateKey
}

// New returns a tracker with an empty database, which is closed at the end of the test.
func New(t testing.TB, name string) *Tracker {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "tracker.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	key, err := peer.MakeKey(filepath.Join(dir, "peer.key"))
	if err != nil {
		t.Fatal(err)
	}
	everything, err := trust.ParseAll([]string{"*"})
	if err != nil {
		t.Fatal(err)
	}
	return &Tracker{s, &catalogue.Catalogue{Source: s, Name: name, Share: everything}, key}
}

// Site returns the site of a name.
func Site(t testing.TB, name string) mirror.Site {
	t.Helper()
	u, err := mirror.ParseURL("ftp://" + name + ".example/pub/")
	if err != nil {
		t.Fatal(err)
	}
	return mirror.Site{Name: name, URL: u, Weight: mirror.DefaultWeight}
}

// Crawled publishes a snapshot of a site that ended at a time and found so many
// directories with some files each. The first of them has a file that is named after
// the generation; the rest is equal in all of them.
func (k *Tracker) Crawled(t testing.TB, site mirror.Site, dirs, generation int, finished time.Time) store.Snapshot {
	t.Helper()
	return k.CrawledLike(t, site, site, dirs, generation, finished)
}

// CrawledLike is Crawled for a site with the content of another.
func (k *Tracker) CrawledLike(t testing.TB, site, like mirror.Site, dirs, generation int, finished time.Time) store.Snapshot {
	t.Helper()
	ctx, d := t.Context(), digest.NewDigester()
	if err := k.PutSite(ctx, site); err != nil {
		t.Fatal(err)
	}
	var trees []*digest.Tree
	var top []digest.Entry
	for i := range dirs {
		var files []digest.Entry
		if i == 0 {
			files = append(files, file(fmt.Sprintf("generation-%d", generation), 1))
		}
		for j := range 20 {
			files = append(files, file(fmt.Sprintf("%s-%02d-%x.tar.gz", like.Name, j, uint32((i*20+j)*2654435761)), int64(i*j*7919)))
		}
		tree := d.Tree(files, digest.Complete)
		trees = append(trees, tree)
		top = append(top, digest.Entry{Kind: digest.Dir, Name: fmt.Sprintf("directory-%05d", i), Sub: &tree.Summary})
	}
	root := d.Tree(top, digest.Complete)
	if _, err := k.PutTrees(ctx, append(trees, root)); err != nil {
		t.Fatal(err)
	}
	lease, err := k.Acquire(ctx, store.SiteLease(site.ID()), "test", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := k.Publish(ctx, lease, store.Snapshot{
		Site:     site.ID(),
		Root:     root.ID,
		Started:  finished.Add(-time.Minute),
		Finished: finished,
		Totals:   root.Totals,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Release(ctx, lease); err != nil {
		t.Fatal(err)
	}
	return snap
}

func file(name string, size int64) digest.Entry {
	return digest.Entry{Kind: digest.File, Name: name, Size: size, Date: digest.NewDate(2026, 1, 1+int(size%28))}
}
