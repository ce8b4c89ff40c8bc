package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// Are clients of a directory sent to the nearest of the replicas that crawls found, and to
// none that has become another directory? Once the directory is known by what ours amounts
// to, once by a tracked URL.
func TestAutomaticMirrors(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	testbed.Need(t, "curl")
	w := newAutoWorld(t)
	for _, test := range []struct {
		name, configured string
		commands         []string // of "ftpd mirror"
	}{
		{"by digest", `auto_mirror = ["/pub/games"]`, nil},
		{"by tracked URL", "", []string{"dirmirror", "AUTO", "/pub/games", "ftp://" + w.replicas[0].addr + "/" + w.replicas[0].at}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := w.started(t, test.configured)
			if test.commands != nil {
				w.command(t, append([]string{"mirror"}, test.commands...)...)
			}
			w.play(t, w.replicas[1])
			w.crawlOurs(t)
			w.play(t, w.replicas[2])
			w.do(t, "site", "remove", "ours")
		})
	}
}

// The same with a master and a slave: the directory is in the catalogue, and which replica
// clients have is said by the network that they are in, against all distances.
func TestAutomaticMirrorsOfMaster(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "curl")
	w := newAutoWorld(t)
	near := map[string]replica{w.replicas[0].client: w.replicas[1], w.replicas[1].client: w.replicas[0]}
	var tables strings.Builder
	fmt.Fprintf(&tables, "[tracker]\ndatabase = %q\nrefresh = %q\n", w.database, autoRefresh)
	for _, r := range w.replicas[:2] {
		fmt.Fprintf(&tables, "[[network]]\nname = \"like %s\"\nprefixes = [%q]\nsites = [%q]\n", r.name, r.clients, near[r.client].name)
	}
	cluster := testbed.StartCluster(t, testbed.ClusterConfig{Slaves: 1, Keys: fmt.Sprintf("auto_mirror = [\"/pub/games\"]\nmirror_ca = %q\n", w.authority), Tables: tables.String()})
	w.addr = cluster.Masters[0].FTP()
	c, err := testbed.DialFTP(nil, w.addr, cluster.User, cluster.Password)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, dir := range []string{"/pub", "/pub/games", "/pub/games/new"} {
		if _, err := c.Do(257, "MKD %s", dir); err != nil {
			t.Fatal(err)
		}
	}
	store := func(file string) {
		t.Helper()
		err := c.Store("STOR /pub/games/"+file, []byte(strings.Repeat("o", autoFileSize)))
		if err == nil {
			_, err = c.Do(213, "MFMT 20260308120000 /pub/games/%s", file)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	served := func(by func(client string) byte) {
		t.Helper()
		for client := range near {
			await(t, func() bool { return w.got(t, client, "/pub/games/game1") == by(client) })
		}
	}
	abroad := func(client string) byte { return near[client].letter }
	here := func(string) byte { return 'o' }

	for i := range 12 {
		store(gameName(i))
	}
	served(abroad)
	store("game-of-ours")
	served(here)
	if _, err := c.Do(250, "DELE /pub/games/game-of-ours"); err != nil {
		t.Fatal(err)
	}
	served(abroad)
	if _, err := c.Do(250, "DELE /pub/games/game5"); err != nil {
		t.Fatal(err)
	}
	served(here)
	store("game5")
	served(abroad)
}

// A replica is a real server with the directory, in its own place.
type replica struct {
	name, kind string
	ipv6       bool   // it is known by an address of IPv6, where this machine has one
	tls        bool   // it demands TLS, with a certificate of an authority that few know
	at         string // the directory's path there
	place      string // latitude and longitude, as configured
	clients    string // the network that is near to it
	client     string // an address in it
	letter     byte   // of which its files consist, which no listing shows
	dir        string // on the disk
	addr       string
}

var autoReplicas = []replica{
	{name: "berlin", kind: "vsftpd", at: "mirrors/games", place: "latitude = 52.5\nlongitude = 13.4", clients: "127.1.0.0/16", client: "127.1.0.7", letter: 'b'},
	{name: "tokyo", kind: "proftpd", tls: true, at: "games", place: "latitude = 35.7\nlongitude = 139.7", clients: "127.2.0.0/16", client: "127.2.0.7", letter: 't'},
	{name: "boston", kind: "pure-ftpd", ipv6: true, at: ".", place: "latitude = 42.4\nlongitude = -71.1", clients: "127.3.0.0/16", client: "127.3.0.7", letter: 'x'},
}

// An autoWorld is what a tracker knows, and a server of ours that goes by it.
type autoWorld struct {
	*tracker
	folder   string // where its configuration is
	replicas []replica
	ours     string // the folder that our server serves

	authority string // a file with its certificate

	server  *testbed.Service
	addr    string
	program string // of the server
	home    string // its working directory
}

const autoFileSize = 5000

// writeGames writes the directory: names, sizes and dates are the same everywhere.
func writeGames(t *testing.T, dir string, letter byte) {
	t.Helper()
	for i := range 12 {
		writeGame(t, filepath.Join(dir, gameName(i)), letter, autoFileSize)
	}
}

// gameName is a file's path in the directory.
func gameName(i int) string {
	if i > 8 {
		return fmt.Sprint("new/game", i)
	}
	return fmt.Sprint("game", i)
}

func writeGame(t *testing.T, file string, letter byte, size int) {
	t.Helper()
	day := time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)
	err := os.MkdirAll(filepath.Dir(file), 0o755)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Repeat(string(letter), size)), 0o644)
	}
	if err == nil {
		err = os.Chtimes(file, day, day)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// newAutoWorld starts the servers, and crawls them.
func newAutoWorld(t *testing.T) *autoWorld {
	t.Helper()
	w := &autoWorld{tracker: newTracker(t, build(t, "crawler")), folder: t.TempDir(), ours: testbed.Dir(t)}
	writeGames(t, filepath.Join(w.ours, "pub/games"), 'o')
	_, err := testbed.Find("ipv6")
	ipv6 := err == nil
	authority := testbed.NewAuthority(t)
	w.authority = filepath.Join(w.folder, "authority.pem")
	if err := os.WriteFile(w.authority, authority.PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	var declared strings.Builder
	for _, r := range autoReplicas {
		root := testbed.Dir(t)
		r.dir = filepath.Join(root, r.at)
		writeGames(t, r.dir, r.letter)
		cfg := testbed.FTPConfig{Root: root, Foreign: true, IPv6: r.ipv6 && ipv6}
		if r.tls {
			cfg.TLS, cfg.RequireReuse = "explicit", true
			cfg.Certificate = authority.Issue(t, time.Now().Add(time.Hour), "127.0.0.1")
		}
		r.addr = serve(t, r.kind, cfg)
		fmt.Fprintf(&declared, "[[site]]\nname = %q\nurl = \"ftp://%s/\"\n%s\n", r.name, r.addr, r.place)
		if r.tls {
			fmt.Fprintf(&declared, "tls = \"explicit\"\nca = %q\n", w.authority)
		}
		w.replicas = append(w.replicas, r)
	}
	if err := os.WriteFile(filepath.Join(w.folder, "tracker.toml"), []byte(declared.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	w.do(t, "site", "apply", "tracker.toml")
	w.do(t, "crawl")
	return w
}

// do runs the crawler, which must succeed.
func (w *autoWorld) do(t *testing.T, args ...string) {
	t.Helper()
	if r, err := w.run(t.Context(), w.folder, args...); err != nil || r.code != 0 {
		t.Fatalf("crawler %v: %v, code %d\n%s%s", args, err, r.code, &r.stdout, &r.stderr)
	}
}

// autoRefresh is how often our server asks the tracker.
const autoRefresh = 500 * time.Millisecond

// started is the world with a server of ours in it.
func (w autoWorld) started(t *testing.T, configured string) *autoWorld {
	t.Helper()
	var err error
	if w.program, err = testbed.FTPD(); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "directory = %q\nlisten = \"127.0.0.1:0\"\nusers = true\nmirror_ca = %q\n%s\n", w.ours, w.authority, configured)
	fmt.Fprintf(&text, "[tracker]\ndatabase = %q\nrefresh = %q\nself = [\"ours\"]\n", w.database, autoRefresh)
	for _, r := range w.replicas {
		fmt.Fprintf(&text, "[[network]]\nname = \"near %s\"\nprefixes = [%q]\n%s\n", r.name, r.clients, r.place)
	}
	w.home = t.TempDir()
	if err := os.WriteFile(filepath.Join(w.home, "ftpd.toml"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(w.program, "serve")
	cmd.Dir = w.home
	w.server = testbed.StartService(t, cmd)
	w.addr = w.server.Out.Wait(t, `at ftp://([^/ ]+)`)[1]
	return &w
}

// command runs a command of the server's operator.
func (w *autoWorld) command(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), w.program, args...)
	cmd.Dir = w.home
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ftpd %v: %v\n%s", args, err, out)
	}
}

// got returns of what letter the file consists that a client gets.
func (w *autoWorld) got(t *testing.T, client, path string, how ...string) byte {
	t.Helper()
	args := append([]string{"--silent", "--show-error", "--max-time", "20", "--interface", client}, how...)
	out, err := exec.CommandContext(t.Context(), "curl", append(args, "ftp://"+w.addr+path)...).Output()
	if err != nil {
		t.Fatalf("curl %v: %v", args, err)
	}
	if len(out) != autoFileSize || strings.Trim(string(out), string(out[0])) != "" {
		t.Fatalf("%d bytes, not %d of one letter", len(out), autoFileSize)
	}
	return out[0]
}

// play has clients ask, while one of the replicas becomes another directory and what it was.
func (w *autoWorld) play(t *testing.T, other replica) {
	for _, r := range w.replicas {
		w.server.Log.Wait(t, "replica of a mirrored directory found.* site="+r.name+" .*exact")
	}
	for _, r := range w.replicas {
		for _, file := range []string{"game1", "new/game10"} {
			for _, how := range [][]string{{}, {"--disable-epsv"}} {
				if got := w.got(t, r.client, "/pub/games/"+file, how...); got != r.letter {
					t.Errorf("a client near %s gets %s from %c (%v)", r.name, file, got, how)
				}
			}
		}
	}
	writeGame(t, filepath.Join(other.dir, "game5"), other.letter, autoFileSize+1)
	w.do(t, "crawl", other.name)
	w.follows(t, other, false)
	writeGame(t, filepath.Join(other.dir, "game5"), other.letter, autoFileSize)
	w.do(t, "crawl", other.name)
	w.follows(t, other, true)
}

// crawlOurs makes our server one of the tracker's sites: nobody is sent from us to us.
func (w *autoWorld) crawlOurs(t *testing.T) {
	t.Helper()
	w.do(t, "site", "add", "ours", "ftp://"+w.addr+"/")
	w.do(t, "crawl", "ours")
	w.server.Log.Wait(t, `replica of a mirrored directory found.* site=ours .*left_out="it is this server"`)
}

// follows waits until clients that are near to a replica get files from there, or from
// elsewhere: soon after the crawl.
func (w *autoWorld) follows(t *testing.T, r replica, there bool) {
	t.Helper()
	began := time.Now()
	await(t, func() bool { return (w.got(t, r.client, "/pub/games/game1") == r.letter) == there })
	took := time.Since(began)
	t.Logf("clients near %s get from there %v, %s after the crawl", r.name, there, took.Round(time.Millisecond))
	if took > 10*autoRefresh {
		t.Errorf("the server followed the crawl after %s", took)
	}
}
