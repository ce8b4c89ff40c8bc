package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
	"mirrortracker/internal/ui"
)

// TestMain makes the test binary be the redirector where a story calls it.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"redirector": main})
}

// Every story finds a database of two sites, a and b, that hold the same
// directory /pub/ and, under one name, two other ones.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			// The race detector would sleep for a second at the end of each program.
			e.Vars = append(e.Vars, "NO_COLOR=1", "GORACE=atexit_sleep_ms=0")
			return fill("sqlite:" + filepath.Join(e.WorkDir, "var/tracker.db"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"json": checkJSON},
	})
}

func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if text := ts.ReadFile(args[0]); !json.Valid([]byte(text)) {
		ts.Fatalf("no JSON:\n%s", text)
	}
}

// fill makes a database with two sites.
func fill(url string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, url)
	if err != nil {
		return err
	}
	defer s.Close()
	made := digest.NewDigester()
	day := digest.NewDate(2026, 3, 8)
	pub := made.Tree([]digest.Entry{file("image#1.iso", 2<<20, day)}, digest.Complete)
	for _, site := range []mirror.Site{
		tracked("a"),
		tracked("b", mirror.URL{Scheme: "https", Host: "b.example", Port: 443, Base: "/m/"}),
	} {
		own := made.Tree([]digest.Entry{file(site.Name+".txt", 1, day)}, digest.Complete)
		root := made.Tree([]digest.Entry{sub("own", own), sub("pub", pub)}, digest.Complete)
		if err := publish(ctx, s, site, root, own, pub); err != nil {
			return err
		}
	}
	return nil
}

// tracked is a site whose crawl URL is ftp://NAME.example/.
func tracked(name string, serving ...mirror.URL) mirror.Site {
	return mirror.Site{Name: name, Weight: 1500, URL: mirror.URL{Scheme: "ftp", Host: name + ".example", Port: 21, Base: "/"}, Serving: serving}
}

func file(name string, size int64, date digest.Date) digest.Entry {
	return digest.Entry{Name: name, Kind: digest.File, Size: size, Date: date}
}

func sub(name string, t *digest.Tree) digest.Entry {
	return digest.Entry{Name: name, Kind: digest.Dir, Sub: &t.Summary}
}

// publish adds a site with its trees, as if it had been crawled.
func publish(ctx context.Context, s *store.Store, site mirror.Site, root *digest.Tree, below ...*digest.Tree) error {
	if err := s.PutSite(ctx, site); err != nil {
		return err
	}
	if _, err := s.PutTrees(ctx, append(below, root)); err != nil {
		return err
	}
	lease, err := s.Acquire(ctx, store.SiteLease(site.ID()), "test", time.Minute)
	if err != nil {
		return err
	}
	when := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	_, err = s.Publish(ctx, lease, store.Snapshot{Site: site.ID(), Root: root.ID, Totals: root.Totals, Started: when, Finished: when})
	return errors.Join(err, s.Release(ctx, lease))
}

// The program serves on a free port that it tells, answers from what the
// database has, and ends in order.
func TestServe(t *testing.T) {
	for name, url := range map[string]func(*testing.T) string{
		"sqlite":  func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "tracker.db") },
		"mariadb": func(t *testing.T) string { return testbed.MariaDB(t) },
	} {
		t.Run(name, func(t *testing.T) { testServe(t, url(t)) })
	}
}

func testServe(t *testing.T, database string) {
	if err := fill(database); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	cache := filepath.Join(t.TempDir(), "index")
	out, stdout := io.Pipe()
	logged, stderr := io.Pipe()
	env := &ui.Env{Stdout: stdout, Stderr: stderr, Getenv: func(name string) string {
		return map[string]string{"TRACKER_REDIRECTOR_CACHE": cache, "TRACKER_DATABASE": database, "TRACKER_REDIRECTOR_REFRESH": "100ms"}[name]
	}}
	code := make(chan ui.Exit, 1)
	go func() {
		code <- Main(ctx, env, []string{"serve", "--listen", "127.0.0.1:0"})
		stdout.Close()
		stderr.Close()
	}()
	loaded, log := watch(logged, "index loaded")

	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`^listening on (http://127\.0\.0\.1:\d+/)\n$`).FindStringSubmatch(line)
	if address == nil {
		t.Fatalf("the first line is %q", line)
	}
	<-loaded
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]string{
		"a/pub/image%231.iso": "302 https://b.example/m/pub/image%231.iso",
		"a/own/a.txt":         "302 ftp://a.example/own/a.txt",
		"nowhere/x":           "404 ",
		"readyz":              "200 ",
	} {
		res, err := client.Get(address[1] + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Status[:4] + res.Header.Get("Location"); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	stop()
	if got := <-code; got != ui.Done {
		t.Errorf("exit code %d", got)
	}
	if text := <-log; strings.Contains(text, "level=ERROR") || !strings.HasSuffix(text, "msg=stopped program=redirector\n") {
		t.Errorf("logged:\n%s", text)
	}
}

// broken is standard output that nobody reads any more.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("nobody reads") }

// Where it cannot be said where it serves, the program ends, and leaves nothing behind.
func TestNobodyIsTold(t *testing.T) {
	folder := t.TempDir()
	database := "sqlite:" + filepath.Join(folder, "tracker.db")
	if err := fill(database); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	env := &ui.Env{Stdout: broken{}, Stderr: &log, Getenv: func(name string) string {
		return map[string]string{
			"TRACKER_DATABASE":                database,
			"TRACKER_REDIRECTOR_CACHE":        filepath.Join(folder, "index"),
			"TRACKER_REDIRECTOR_SQUID_SOCKET": filepath.Join(folder, "squid.sock"),
			"TRACKER_REDIRECTOR_ACCESS_LOG":   filepath.Join(folder, "access.log"),
		}[name]
	}}
	if got := Main(t.Context(), env, []string{"serve", "--listen", "127.0.0.1:0"}); got != ui.Failed {
		t.Errorf("exit code %d", got)
	}
	if !strings.Contains(log.String(), "nobody reads") {
		t.Errorf("the log does not say why:\n%s", &log)
	}
	if _, err := os.Stat(filepath.Join(folder, "squid.sock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the helpers' socket: %v", err)
	}
}

// watch reads to the end; seen is closed when a line has the text, and all is sent
// at the end.
func watch(r io.Reader, text string) (seen chan struct{}, all chan string) {
	seen, all = make(chan struct{}), make(chan string, 1)
	go func() {
		var b strings.Builder
		found := false
		for lines := bufio.NewScanner(r); lines.Scan(); {
			b.WriteString(lines.Text() + "\n")
			if !found && strings.Contains(lines.Text(), text) {
				found = true
				close(seen)
			}
		}
		all <- b.String()
	}()
	return seen, all
}
