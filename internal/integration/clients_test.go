package integration

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/redirect"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
	"mirrortracker/internal/urn"
)

// A shelf serves a folder by HTTP, from a loopback address of its own: programs
// limit connections by address.
type shelf struct {
	*httptest.Server
	bytes atomic.Int64 // that were served
}

func newShelf(t *testing.T, dir string, number int) *shelf {
	t.Helper()
	s := &shelf{}
	files := http.FileServer(http.Dir(dir))
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		files.ServeHTTP(&slow{w, req, s}, req)
	}))
	ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.7.%d:0", number))
	if err != nil {
		t.Fatal(err)
	}
	s.Server.Listener.Close()
	s.Server.Listener = ln
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// slow is a response that takes its time, so that one server is not done before
// another is asked.
type slow struct {
	http.ResponseWriter
	req   *http.Request
	shelf *shelf
}

func (s *slow) Write(b []byte) (int, error) {
	select {
	case <-s.req.Context().Done():
		return 0, s.req.Context().Err()
	case <-time.After(time.Duration(len(b)) * time.Second / (16 << 20)):
	}
	n, err := s.ResponseWriter.Write(b)
	s.shelf.bytes.Add(int64(n))
	return n, err
}

// A library is three copies of a folder, crawled by FTP and served by HTTP, one of
// them by FTP alone, and a redirector that knows of them.
type library struct {
	t       *testing.T
	dir     string
	shelves []*shelf
	server  *httptest.Server
}

// largeSize is enough for several servers to get their share.
const largeSize = 12 << 20

func newLibrary(t *testing.T) *library {
	t.Helper()
	l := &library{t: t, dir: testbed.Dir(t)}
	folder := filepath.Join(l.dir, "pub", "with blank")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	when := time.Now().Add(-72 * time.Hour)
	for name, size := range map[string]int{"large.iso": largeSize, "a#b %.txt": 1000, "c.tar": 2000} {
		path := filepath.Join(folder, name)
		text := bytes.Repeat([]byte(name+" 0123456789abcdef\n"), size/20+1)[:size]
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	o := newOperator(t, build(t, "crawler"))
	for i, name := range []string{"alpha", "beta", "gamma"} {
		l.shelves = append(l.shelves, newShelf(t, l.dir, i+1))
		o.must([]string{
			"site", "add", name, "ftp://" + serve(t, "ftpd", testbed.FTPConfig{Root: l.dir}) + "/",
			"--serving", l.shelves[i].URL + "/",
		}, 0)
	}
	o.must([]string{"site", "add", "delta", "ftp://" + serve(t, "ftpd", testbed.FTPConfig{Root: l.dir}) + "/"}, 0)
	o.must([]string{"crawl"}, 0)
	s, err := store.Open(t.Context(), o.database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	index := resolver.NewLive(s, resolver.Options{}, slog.New(slog.DiscardHandler))
	go index.Run(t.Context(), time.Second)
	await(t, func() bool { return index.Index() != nil })
	names, err := urn.NewNames("", []urn.Archive{{Name: "pub", Site: "alpha", Path: "/pub"}})
	if err != nil {
		t.Fatal(err)
	}
	l.server = httptest.NewServer(redirect.New(redirect.Config{Source: index, Names: names}).Handler())
	t.Cleanup(l.server.Close)
	return l
}

// fetches runs a program in a new folder and holds what it leaves there against
// the files that it should have fetched. It returns how many servers took part by
// HTTP.
func (l *library) fetches(program string, args []string, want ...string) (servers int) {
	l.t.Helper()
	before := make([]int64, len(l.shelves))
	for i, s := range l.shelves {
		before[i] = s.bytes.Load()
	}
	dir := l.t.TempDir()
	cmd := exec.CommandContext(l.t.Context(), testbed.Need(l.t, program), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		l.t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	for _, name := range want {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			l.t.Errorf("%s %q: %v\n%s", program, args, err, out)
			continue
		}
		right, err := os.ReadFile(filepath.Join(l.dir, "pub", "with blank", filepath.Base(name)))
		if err != nil {
			l.t.Fatal(err)
		}
		if !bytes.Equal(got, right) {
			l.t.Errorf("%s %q: %s is not what it should be", program, args, name)
		}
	}
	for i, s := range l.shelves {
		if s.bytes.Load() > before[i] {
			servers++
		}
	}
	return servers
}

// Do real clients get their files, and those that can from several servers at
// once?
func TestClients(t *testing.T) {
	t.Parallel()
	l := newLibrary(t)
	folder := l.server.URL + "/alpha/pub/with%20blank/"
	large := folder + "large.iso"

	// curl and wget follow the redirect.
	if n := l.fetches("curl", []string{"-sSfL", "-O", large}, "large.iso"); n != 1 {
		t.Errorf("curl: %d servers", n)
	}
	if n := l.fetches("wget", []string{"-q", large}, "large.iso"); n != 1 {
		t.Errorf("wget: %d servers", n)
	}
	l.fetches("curl", []string{"-sSfL", "-o", "a#b %.txt", folder + "a%23b%20%25.txt"}, "a#b %.txt")

	// A name leads there, too.
	l.fetches("curl", []string{"-sSfL", "-o", "large.iso", l.server.URL + "/uri-res/N2L?urn:mirror:pub/with%20blank/large.iso"}, "large.iso")

	// aria2 takes the mirrors from a Metalink or from Link lines.
	several := []string{"--no-conf", "--split=3", "--min-split-size=1M", "--max-connection-per-server=1", "--uri-selector=inorder", "--file-allocation=none"}
	for name, args := range map[string][]string{
		"Metalink by suffix":    {"--follow-metalink=mem", large + ".meta4"},
		"Metalink by parameter": {"--follow-metalink=mem", large + "?meta4"},
		"Link lines":            {large},
	} {
		t.Run(name, func(t *testing.T) {
			if n := l.fetches("aria2c", append(args, several...), "large.iso"); n < 2 {
				t.Errorf("%d servers", n)
			}
		})
	}
	l.fetches("aria2c", append([]string{"--follow-metalink=mem", folder + "?meta4"}, several...), "large.iso", "a#b %.txt", "c.tar")
	l.fetches("aria2c", append([]string{"--follow-metalink=mem", l.server.URL + "/alpha/?meta4&recursive"}, several...),
		"pub/with blank/large.iso", "pub/with blank/a#b %.txt", "pub/with blank/c.tar")

	// A list of URLs is what curl and wget read.
	res, err := http.Get(l.server.URL + "/uri-res/L2Ls?" + large)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusNotFound || !strings.Contains(string(text), "no tracked site") {
		t.Errorf("the redirector's own URL is none of a site: status %d, %s", res.StatusCode, text)
	}
}
