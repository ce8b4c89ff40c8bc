package integration

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
)

// squidConfig returns the example of squid.conf in a section of docs/squid.md. What
// stands there for the names and ports of a real installation is replaced, each by its
// pair, and must be there.
func squidConfig(t *testing.T, section string, pairs ...string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/squid.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+section+"\n\n")
	if !ok {
		t.Fatalf("docs/squid.md has no section %q", section)
	}
	var config strings.Builder
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "    ") {
			break
		}
		config.WriteString(line[4:])
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(config.String(), pairs[i]) {
			t.Fatalf("the example of section %q has no %q:\n%s", section, pairs[i], &config)
		}
	}
	return strings.NewReplacer(pairs...).Replace(config.String())
}

// A depot is an HTTP server with the files of a site.
type depot struct {
	*httptest.Server
	served atomic.Int64 // requests
}

// newDepot serves a file at every path, which says how it was asked for.
func newDepot(t *testing.T) *depot {
	d := &depot{}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		d.served.Add(1)
		w.Header().Set("Last-Modified", "Sun, 08 Mar 2026 12:00:00 GMT")
		fmt.Fprintf(w, "%s %s\n", req.Method, req.URL.Path)
	}))
	t.Cleanup(d.Close)
	return d
}

// A neighbourhood is a redirector with what caches need of it, and three sites: origin
// is the last resort, mirror has the same files, and dated the same with other dates.
type neighbourhood struct {
	t                     *testing.T
	program, dir          string
	origin, mirror, dated *depot

	process *exec.Cmd
	http    string            // address where it redirects
	caches  map[string]string // addresses where caches are answered
	stop    func()
}

func newNeighbourhood(t *testing.T) *neighbourhood {
	t.Helper()
	testbed.Need(t, "squid")
	n := &neighbourhood{t: t, dir: testbed.Dir(t), origin: newDepot(t), mirror: newDepot(t), dated: newDepot(t)}
	// Squid runs it as a user of its own, who must not be kept out by the test's folder.
	n.program = filepath.Join(n.dir, "redirector")
	if err := os.Rename(build(t, "redirector"), n.program); err != nil {
		t.Fatal(err)
	}
	database := "sqlite:" + filepath.Join(n.dir, "tracker.db")
	n.publish(database)
	config := fmt.Sprintf(`
database = %q
[redirector]
listen = "127.0.0.1:0"
[redirector.squid]
socket = %q
[redirector.icp]
listen = "127.0.0.1:0"
allow = ["127.0.0.0/8"]
[redirector.proxy]
listen = "127.0.0.1:0"
[health]
checks = "off"
[[archive]]
name = "depot"
site = "origin"
path = "/pub"
`, database, n.socket())
	if err := os.WriteFile(filepath.Join(n.dir, "tracker.toml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	n.start()
	return n
}

func (n *neighbourhood) socket() string { return filepath.Join(n.dir, "squid.sock") }

// publish puts the sites into a database as if they had been crawled.
func (n *neighbourhood) publish(database string) {
	n.t.Helper()
	ctx := n.t.Context()
	s, err := store.Open(ctx, database)
	if err != nil {
		n.t.Fatal(err)
	}
	defer s.Close()
	for i, site := range []struct {
		name   string
		depot  *depot
		weight int
		day    int
	}{{"origin", n.origin, 0, 8}, {"mirror", n.mirror, 100, 8}, {"dated", n.dated, 0, 9}} {
		made := digest.NewDigester()
		var files []digest.Entry
		for k := range 10 {
			files = append(files, digest.Entry{Name: fmt.Sprintf("file%d.tar.gz", k), Kind: digest.File, Size: 1000, Date: digest.NewDate(2026, 3, site.day)})
		}
		pub := made.Tree(files, digest.Complete)
		root := made.Tree([]digest.Entry{{Name: "pub", Kind: digest.Dir, Sub: &pub.Summary}}, digest.Complete)
		served, err := mirror.ParseURL(site.depot.URL + "/")
		if err != nil {
			n.t.Fatal(err)
		}
		where := mirror.Site{
			Name: site.name, Weight: site.weight,
			URL:     mirror.URL{Scheme: "ftp", Host: fmt.Sprintf("127.0.0.%d", 101+i), Port: 2121, Base: "/"},
			Serving: []mirror.URL{served},
		}
		if err := s.PutSite(ctx, where); err != nil {
			n.t.Fatal(err)
		}
		if _, err := s.PutTrees(ctx, []*digest.Tree{pub, root}); err != nil {
			n.t.Fatal(err)
		}
		lease, err := s.Acquire(ctx, store.SiteLease(where.ID()), "test", time.Minute)
		if err != nil {
			n.t.Fatal(err)
		}
		when := time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)
		if _, err := s.Publish(ctx, lease, store.Snapshot{Site: where.ID(), Root: root.ID, Totals: root.Totals, Started: when, Finished: when}); err != nil {
			n.t.Fatal(err)
		}
	}
}

var answersCaches = regexp.MustCompile(`msg="answering caches" .*by=(\S+) address=(\S+)`)

// start starts the redirector and waits until it is ready.
func (n *neighbourhood) start() {
	n.t.Helper()
	ctx, cancel := context.WithCancel(n.t.Context())
	n.process = exec.CommandContext(ctx, n.program, "serve")
	n.process.Dir = n.dir
	n.process.Cancel = func() error { return n.process.Process.Signal(syscall.SIGTERM) }
	stdout, err := n.process.StdoutPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	stderr, err := n.process.StderrPipe()
	if err != nil {
		n.t.Fatal(err)
	}
	if err := n.process.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.stop = func() {
		cancel()
		n.process.Wait()
	}
	n.t.Cleanup(n.stop)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		text, _ := io.ReadAll(stderr)
		n.t.Fatalf("%v\n%s", err, text)
	}
	n.http = strings.TrimSuffix(strings.TrimPrefix(line, "listening on http://"), "/\n")
	n.caches = map[string]string{}
	lines := bufio.NewScanner(stderr)
	for ready := false; (!ready || len(n.caches) < 3) && lines.Scan(); {
		if m := answersCaches.FindStringSubmatch(lines.Text()); m != nil {
			n.caches[m[1]] = m[2]
		}
		ready = ready || strings.Contains(lines.Text(), "index loaded")
	}
	if lines.Err() != nil || len(n.caches) < 3 {
		n.t.Fatalf("it answers caches at %v, %v", n.caches, lines.Err())
	}
	go io.Copy(io.Discard, stderr)
}

// get asks the proxy for a URL and returns the status, with the location or the body.
func get(t *testing.T, s *testbed.Squid, url string) string {
	t.Helper()
	res, body := s.Ask(t, "GET", url)
	if to := res.Header.Get("Location"); to != "" {
		body = to
	}
	return fmt.Sprintf("%d %s", res.StatusCode, strings.TrimSpace(body))
}

// helperPairs are what the examples of helpers have for what the test has elsewhere.
func (n *neighbourhood) helperPairs() []string {
	return []string{"/usr/local/bin/redirector", n.program, "/run/tracker/squid.sock", n.socket()}
}

// Does a client that asks a real Squid for a file at its origin land on the mirror, and
// is it served as ever when the redirector is away?
func TestSquidRewrites(t *testing.T) {
	n := newNeighbourhood(t)
	proxy := testbed.StartSquid(t, nil, squidConfig(t, "Rewriting", n.helperPairs()...))
	target := "302 " + n.mirror.URL + "/pub/file1.tar.gz"
	for _, c := range []struct{ url, want string }{
		{n.origin.URL + "/pub/file1.tar.gz", target},
		{"ftp://127.0.0.101:2121/pub/file1.tar.gz", target},
		{n.origin.URL + "/pub/", "302 " + n.mirror.URL + "/pub/"},
		{n.mirror.URL + "/pub/file1.tar.gz", "200 GET /pub/file1.tar.gz"},
		{n.origin.URL + "/pub/unknown", "200 GET /pub/unknown"},
		{n.origin.URL + "/pub/file1.tar.gz?x", "200 GET /pub/file1.tar.gz"},
	} {
		if got := get(t, proxy, c.url); got != c.want {
			t.Errorf("%s: %s, want %s", c.url, got, c.want)
		}
	}
	if res, body := proxy.Ask(t, "POST", n.origin.URL+"/pub/file1.tar.gz"); res.StatusCode != http.StatusOK || body != "POST /pub/file1.tar.gz\n" {
		t.Errorf("an upload: %s, %q", res.Status, body)
	}

	out, err := exec.Command(testbed.Need(t, "curl"), "-sSL", "-x", "http://"+proxy.Addr, "-w", "%{url_effective} %{num_redirects}",
		n.origin.URL+"/pub/file2.tar.gz").CombinedOutput()
	if want := "GET /pub/file2.tar.gz\n" + n.mirror.URL + "/pub/file2.tar.gz 1"; err != nil || string(out) != want {
		t.Errorf("curl: %v, %q; want %q", err, out, want)
	}

	n.stop()
	began := time.Now()
	if got, want := get(t, proxy, n.origin.URL+"/pub/file3.tar.gz"), "200 GET /pub/file3.tar.gz"; got != want || time.Since(began) > 5*time.Second {
		t.Errorf("with the redirector away: %s after %v, want %s", got, time.Since(began), want)
	}
	n.start()
	want := "302 " + n.mirror.URL + "/pub/file4.tar.gz"
	for deadline := time.Now().Add(20 * time.Second); ; {
		got := get(t, proxy, n.origin.URL+"/pub/file4.tar.gz")
		if got == want {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("with the redirector back: %s, want %s", got, want)
		}
	}
}

// Is a second mirror's URL a hit of a real Squid's cache, and that of a site with other
// dates not?
func TestSquidCachesMirrorsOnce(t *testing.T) {
	n := newNeighbourhood(t)
	proxy := testbed.StartSquid(t, nil, squidConfig(t, "Store IDs", n.helperPairs()...))
	const path = "/pub/file1.tar.gz"
	for _, d := range []*depot{n.origin, n.mirror, n.dated} {
		if got, want := get(t, proxy, d.URL+path), "200 GET "+path; got != want {
			t.Errorf("%s: %s, want %s", d.URL, got, want)
		}
	}
	want := []string{
		"TCP_MISS/200 HIER_DIRECT GET " + n.origin.URL + path,
		"TCP_MEM_HIT/200 HIER_NONE GET " + n.mirror.URL + path,
		"TCP_MISS/200 HIER_DIRECT GET " + n.dated.URL + path,
	}
	if diff := cmp.Diff(want, proxy.AccessLog(t, len(want))); diff != "" {
		t.Errorf("logged (-want +got):\n%s", diff)
	}
	if n.mirror.served.Load() != 0 {
		t.Error("the mirror was asked")
	}
}

// freeUDPPort finds a port for a program that wants a number told.
func freeUDPPort(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, port, err := net.SplitHostPort(conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Does a real Squid take us for a sibling: what ICP says is a hit comes from our port,
// and what is a miss from the origin?
func TestSquidAsksItsSibling(t *testing.T) {
	n := newNeighbourhood(t)
	own := freeUDPPort(t)
	_, icp, _ := strings.Cut(n.caches["ICP"], ":")
	_, sibling, _ := strings.Cut(n.caches["HTTP"], ":")
	proxy := testbed.StartSquid(t, nil, squidConfig(t, "Sibling",
		"icp_port 3130", "icp_port "+own,
		"minimum_icp_query_timeout 200", "minimum_icp_query_timeout 5000", // this machine is busy with other tests
		"tracker.example sibling 3129 3131", "127.0.0.1 sibling "+sibling+" "+icp))
	const path = "/pub/file1.tar.gz"
	for _, c := range []struct{ url, want string }{
		{n.origin.URL + path, "302 " + n.mirror.URL + path},
		{"ftp://127.0.0.101:2121" + path, "302 " + n.mirror.URL + path},
		{n.mirror.URL + path, "200 GET " + path},
		{n.origin.URL + "/pub/unknown", "200 GET /pub/unknown"},
	} {
		if got := get(t, proxy, c.url); got != c.want {
			t.Errorf("%s: %s, want %s", c.url, got, c.want)
		}
	}
	want := []string{
		"TCP_MISS/302 SIBLING_HIT GET " + n.origin.URL + path,
		"TCP_MISS/302 SIBLING_HIT GET ftp://127.0.0.101:2121" + path,
		"TCP_MISS/200 HIER_DIRECT GET " + n.mirror.URL + path,
		"TCP_MISS/200 HIER_DIRECT GET " + n.origin.URL + "/pub/unknown",
	}
	if diff := cmp.Diff(want, proxy.AccessLog(t, len(want))); diff != "" {
		t.Errorf("logged (-want +got):\n%s", diff)
	}
}

// Does a real Squid resolve a URN by asking us, and lead the client to the mirror?
func TestSquidResolvesURNs(t *testing.T) {
	n := newNeighbourhood(t)
	_, port, _ := strings.Cut(n.http, ":")
	proxy := testbed.StartSquid(t, testbed.SquidHosts{"mirror": "127.0.0.1"}, squidConfig(t, "URNs", "tracker.example parent 8080", "127.0.0.1 parent "+port))
	if got, want := get(t, proxy, "urn:mirror:depot/file1.tar.gz"), "302 "+n.mirror.URL+"/pub/file1.tar.gz"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := get(t, proxy, "urn:mirror:nowhere/file1.tar.gz"); !strings.HasPrefix(got, "404 ") {
		t.Errorf("an archive that there is not: %.200s", got)
	}
}
