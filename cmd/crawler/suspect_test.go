package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/store/storetest"
	"mirrortracker/internal/ui"
)

// What is set aside is listed beside what is in force, and published or dropped.
func TestSuspects(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "tracker.db")
	s := storetest.Open(t, url)
	u, err := mirror.ParseURL("ftp://a.example/")
	if err != nil {
		t.Fatal(err)
	}
	site := mirror.Site{Name: "a", URL: u, Weight: mirror.DefaultWeight}
	if err := s.PutSite(t.Context(), site); err != nil {
		t.Fatal(err)
	}
	trees := storetest.Forest(digest.NewDigester(), 0, 2)
	if _, err := s.PutTrees(t.Context(), trees); err != nil {
		t.Fatal(err)
	}
	snapshot := func(files int64) store.Snapshot {
		return store.Snapshot{Site: site.ID(), Root: trees[0].ID, Finished: time.Now(), Totals: digest.Totals{Files: files, Bytes: 2 * files}}
	}
	var lease store.Lease
	under := func(fn func() error) {
		t.Helper()
		if lease, err = s.Acquire(t.Context(), store.SiteLease(site.ID()), "somebody", time.Hour); err == nil {
			err = fn()
		}
		if err == nil {
			err = s.Release(t.Context(), lease)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	aside := func() error {
		_, err := s.SetAside(t.Context(), lease, snapshot(3), "3 files of 1000")
		return err
	}
	crawler := func(want ui.Exit, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		env := &ui.Env{Stdout: &out, Stderr: &out, Getenv: func(string) string { return "" }}
		if got := Main(t.Context(), env, append([]string{"--database", url}, args...)); got != want {
			t.Fatalf("%s ended with %d: %s", args, got, &out)
		}
		return out.String()
	}
	contains := func(text, want string) {
		t.Helper()
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}

	under(func() error { _, err := s.Publish(t.Context(), lease, snapshot(1000)); return err })
	under(aside)
	contains(crawler(ui.Done, "suspect", "list"), "\t3\t1000\t6\t2000\t3 files of 1000\n")
	contains(crawler(ui.Done, "suspect", "list", "--json"), `"in_force": {`)
	contains(crawler(ui.Done, "suspect", "drop", "a"), "dropped what was set aside of a\n")
	contains(crawler(ui.Failed, "suspect", "accept", "a"), "nothing is set aside of a\n")

	under(aside)
	under(func() error {
		contains(crawler(ui.Failed, "suspect", "accept", "a"), "a is being crawled by somebody")
		return nil
	})
	contains(crawler(ui.Done, "suspect", "accept", "a"), "published as snapshot 2 of a\n")
	if current, err := s.Current(t.Context()); err != nil || len(current) != 1 || current[0].Files != 3 {
		t.Errorf("in force is %+v, %v", current, err)
	}
}
