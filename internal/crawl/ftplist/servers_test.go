package ftplist_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/crawl/disk"
	"mirrortracker/internal/crawl/ftplist"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// A keeper is a sink that keeps every tree.
type keeper map[digest.ID]*digest.Tree

func (k keeper) Put(_ context.Context, t *digest.Tree) error {
	k[t.ID] = t
	return nil
}

// paths returns every directory below a root with its summary.
func (k keeper) paths(root digest.ID) map[string]digest.Summary {
	all := map[string]digest.Summary{}
	var walk func(id digest.ID, p mirror.Path)
	walk = func(id digest.ID, p mirror.Path) {
		all[string(p)] = k[id].Summary
		for c := range k[id].Children() {
			walk(c.ID, p.Join(c.Name))
		}
	}
	walk(root, mirror.Root)
	return all
}

// crawled is what a crawl of a whole site gives.
type crawled struct {
	dirs   map[string]digest.Summary
	result crawl.Result
}

func walkAll(t *testing.T, open func(context.Context) (crawl.Lister, error), connections int) crawled {
	t.Helper()
	for {
		sink := keeper{}
		w := &crawl.Walker{Open: open, Sink: sink, Connections: connections, Limits: crawl.DefaultLimits(), Retry: crawl.DefaultRetry(), Now: time.Now}
		result, err := w.Start(t.Context()).Wait()
		if restart := (*crawl.RestartError)(nil); errors.As(err, &restart) {
			t.Log(restart)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return crawled{sink.paths(result.Root.ID), result}
	}
}

func walkFTP(t *testing.T, addr string, way ftplist.Way, connections int) crawled {
	t.Helper()
	u, err := mirror.ParseURL("ftp://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	source, err := ftplist.NewSource(ftplist.Config{URL: u, Way: way, Timeout: 20 * time.Second, Whole: time.Minute, Limits: crawl.DefaultLimits(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return walkAll(t, source.Open, connections)
}

func walkDisk(t *testing.T, dir string) crawled {
	t.Helper()
	return walkAll(t, func(context.Context) (crawl.Lister, error) { return disk.Open(dir) }, 1)
}

func TestX(t *testing.T) {
	dir := testbed.Dir(t)
	testbed.WriteTree(t, dir, testbed.Full, time.Now())
	want := walkDisk(t, dir)
	shell := testbed.ShellDigests(t, dir)
	fmt.Println(len(want.dirs), len(shell), want.result.Root)
	for p, s := range shell {
		if s.Blind != want.dirs[p].Blind.String() || s.Exact != want.dirs[p].Exact.String() {
			fmt.Println("DISK vs SHELL differ", p, s, want.dirs[p])
		}
	}
	for _, kind := range testbed.FTPServers() {
		for _, tz := range []string{"UTC", "Asia/Kolkata"} {
			srv := testbed.StartFTP(t, kind, testbed.FTPConfig{Root: dir, TZ: tz, LocalTimes: true})
			for _, way := range []ftplist.Way{ftplist.Auto, ftplist.MLSD, ftplist.LIST} {
				begin := time.Now()
				got := walkFTP(t, srv.Addr, way, 2)
				fmt.Println("=====", kind, tz, way, got.result.Status, time.Since(begin))
				for _, p := range got.result.Problems {
					fmt.Printf("   problem %q %s %s\n", p.Path, p.Reason, p.Detail)
				}
				nb, ne, ab, ae := 0, 0, 0, 0
				for _, p := range slices.Sorted(maps.Keys(want.dirs)) {
					g, ok := got.dirs[p]
					w := want.dirs[p]
					if !ok {
						fmt.Printf("   missing %q\n", p)
						continue
					}
					if g.Blind.Absent() {
						ab++
					} else if g.Blind != w.Blind {
						nb++
						fmt.Printf("   WRONG blind %q\n", p)
					}
					if g.Exact.Absent() {
						ae++
					} else if g.Exact != w.Exact {
						ne++
						fmt.Printf("   WRONG exact %q\n", p)
					}
				}
				fmt.Println("   wrong blind", nb, "wrong exact", ne, "absent blind", ab, "absent exact", ae, "extra", len(got.dirs)-len(want.dirs))
			}
		}
	}
}
