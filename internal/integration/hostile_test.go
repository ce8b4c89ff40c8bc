package integration

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/hostile"
	"mirrortracker/internal/testbed"
)

// What the crawl of a hostile server may cost, however hostile it is.
const (
	longestOrdeal = 45 * time.Second // with the patience of newTracker
	mostMemory    = 170 << 20        // for some copies of a listing of 32 MiB
	sessionBytes  = 3000             // about what a server sends in the crawl of its five directories
)

// An ordeal is one crawl of a hostile server beside an honest one.
type ordeal struct {
	hostile.Behaviour
	name    string
	server  *ftpscript.Server
	tracker *tracker
	dir     string

	run            *run
	sites          map[string]*crawled
	digests, truth map[string]string
	err            error
}

// Does the crawl of a hostile server end soon, in little memory, and with a message
// that says why, is nothing published that is not so, and does another site that is
// crawled at the same time not suffer?
func TestHostileServers(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	crawler := build(t, "crawler")
	honest := (&hostile.Site{Tree: hostile.Dirs(hostile.Honest)}).Start(t).Addr

	var all []*ordeal
	for _, b := range hostile.Behaviours() {
		offers := map[string]hostile.Offer{"LIST": 0, "STAT": hostile.STAT, "MLSD": hostile.MLSD}
		if b.Fixed {
			offers = map[string]hostile.Offer{"": b.Site().Offers}
		}
		for label, offer := range offers {
			site := b.Site()
			site.Offers = offer
			o := &ordeal{Behaviour: b, name: strings.TrimSpace(b.Name + " " + label), server: site.Start(t), dir: t.TempDir()}
			o.tracker = newTracker(t, crawler, b.Settings...)
			o.tracker.sites = []string{"bad=" + o.server.Addr, "good=" + honest}
			if b.May("complete") {
				o.tracker.sites = append(o.tracker.sites, "twin="+site.Twin().Start(t).Addr)
			}
			all = append(all, o)
		}
	}
	// They wait more than they work, so they are not bound to the number of
	// processors as parallel subtests are.
	var group errgroup.Group
	group.SetLimit(8)
	for _, o := range all {
		group.Go(func() error { o.suffer(t.Context()); return nil })
	}
	group.Wait()
	for _, o := range all {
		t.Run(o.name, o.check)
	}
}

func (o *ordeal) suffer(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, longestOrdeal)
	defer cancel()
	if o.run, o.sites, o.err = o.tracker.crawl(ctx, o.dir); o.err != nil {
		return
	}
	truth := "good"
	if o.sites["twin"] != nil {
		truth = "twin"
	}
	var err error
	o.truth, o.err = o.tracker.digests(ctx, o.dir, truth)
	o.digests, err = o.tracker.digests(ctx, o.dir, "bad")
	o.err = errors.Join(o.err, err)
}

func (o *ordeal) check(t *testing.T) {
	if o.err != nil {
		t.Fatal(o.err)
	}
	bad, good := o.sites["bad"], o.sites["good"]
	t.Logf("%s after %.1fs, %d MiB: %.300s", bad.Outcome, o.run.took.Seconds(), o.run.peak>>20, bad.says())
	if o.run.peak > mostMemory {
		t.Errorf("it took %d MiB of memory", o.run.peak>>20)
	}
	if text := o.run.stderr.String(); strings.Contains(text, "panic:") || strings.Contains(text, "goroutine ") {
		t.Errorf("it panics: %s", text)
	}
	if good.Outcome != "complete" {
		t.Errorf("the honest site is %s: %s", good.Outcome, good.says())
	}
	if !o.May(bad.Outcome) {
		t.Errorf("it ends %s, want one of %v", bad.Outcome, o.Ends)
	}
	if ok, err := regexp.MatchString("(?s)"+o.Says, bad.says()); bad.Outcome != "complete" && (!ok || err != nil) {
		t.Errorf("it says %q, want something of %q", bad.says(), o.Says)
	}
	if raw := regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f]`).FindString(o.run.stderr.String()); raw != "" {
		t.Errorf("its log holds the control character %q", raw)
	}
	for _, command := range o.server.Commands() {
		if strings.Contains(command, "/..") {
			t.Errorf("the crawler asks for what is elsewhere: %q", command)
		}
	}
	for path, found := range o.digests {
		switch {
		case found == undigested:
		case o.truth[path] == found:
		default:
			t.Errorf("%s has the digests %s, where the truth is %q", path, found, o.truth[path])
		}
	}
	if bad.Outcome == "complete" && o.digests["/"] != o.truth["/"] {
		t.Errorf("the root has the digests %s, want %s", o.digests["/"], o.truth["/"])
	}
	if bad.Outcome != "complete" && o.digests["/"] != undigested && o.digests["/"] != "" {
		t.Errorf("the root has digests though the site is %s", bad.Outcome)
	}
}

// Does a crawler connect to nobody but the site, whatever PASV and EPSV name?
func TestDataComesFromTheSite(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	crawler := build(t, "crawler")
	const elsewhere = "127.0.0.2"
	for name, script := range map[string]func(port int) map[string]ftpscript.Act{
		"PASV": func(port int) map[string]ftpscript.Act {
			return map[string]ftpscript.Act{
				"EPSV": ftpscript.Say("502 no such command"),
				"PASV": ftpscript.Say(fmt.Sprintf("227 Entering Passive Mode (127,0,0,2,%d,%d)", port>>8, port&255)),
			}
		},
		"EPSV": func(port int) map[string]ftpscript.Act {
			return map[string]ftpscript.Act{
				"EPSV": ftpscript.Say(fmt.Sprintf("229 Entering Extended Passive Mode (|1|%s|%d|)", elsewhere, port)),
				"PASV": ftpscript.Say("502 no such command"),
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			canary, err := net.Listen("tcp", elsewhere+":0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { canary.Close() })
			go func() {
				if conn, err := canary.Accept(); err == nil {
					t.Errorf("the crawler connects to %s", conn.LocalAddr())
					conn.Close()
				}
			}()
			site := &hostile.Site{Tree: hostile.Dirs(hostile.Honest), Script: script(canary.Addr().(*net.TCPAddr).Port)}
			k := newTracker(t, crawler)
			k.sites = []string{"bad=" + site.Start(t).Addr}
			_, sites, err := k.crawl(t.Context(), t.TempDir())
			if err != nil || sites["bad"].Outcome != "failed" {
				t.Errorf("%+v, %v", sites["bad"], err)
			}
		})
	}
}

// Does a crawl whose connections are all reset when the server has sent some bytes,
// any number of them, end with what an undisturbed one finds?
func TestResetAtAnyByte(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	crawler := build(t, "crawler")
	for name, offers := range map[string]hostile.Offer{"LIST": 0, "STAT": hostile.STAT, "MLSD": hostile.MLSD, "LIST -R": hostile.Recurse} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newTracker(t, crawler, "TRACKER_CRAWL_RETRIES=4", "TRACKER_CRAWL_PARALLEL=50")
			var sites []string
			for at := 1; at < sessionBytes; at += resetEvery {
				server := (&hostile.Site{Tree: hostile.Dirs(hostile.Honest), Offers: offers}).Start(t)
				server.CutAfter(at, at%2 == 0)
				sites = append(sites, fmt.Sprintf("at-%d=%s", at, server.Addr))
			}
			sites = append(sites, "undisturbed="+(&hostile.Site{Tree: hostile.Dirs(hostile.Honest), Offers: offers}).Start(t).Addr)
			k.sites = sites
			dir := t.TempDir()
			_, all, err := k.crawl(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			truth, err := k.digests(t.Context(), dir, "undisturbed")
			if err != nil || len(truth) != len(hostile.Honest) {
				t.Fatal(truth, err)
			}
			for name, c := range all {
				got, err := k.digests(t.Context(), dir, name)
				if err != nil || c.Outcome != "complete" || !maps.Equal(got, truth) {
					t.Errorf("%s: %s: %s; %v, %v", name, c.Outcome, c.says(), got, err)
				}
			}
		})
	}
}
