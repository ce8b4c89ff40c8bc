package matrix

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// user may do everything. It can be written in URLs as it stands, and so can its password.
const user, password = "matrix", "open-sesame"

// A server is one ftpd for all jobs, listening on both loopback addresses, with and
// without TLS from the first byte on.
type server struct {
	stock   stock
	trust   string // file with the certificate of the authority that clients are to trust
	trace   *trace
	addrs   map[door]string // host:port
	above   string          // where the folders of jobs are, with a slash behind; "": at the root
	holders *holders        // nil: the server has its files itself
}

// A door is one of the server's listeners.
type door struct{ ipv6, implicit bool }

const configuration = `
listen = "127.0.0.1:0 [::1]:0"
tls_listen = "127.0.0.1:0 [::1]:0"
users = true
[log]
level = "debug"
format = "json"
[tls]
certificate = "certificate.pem"
key = "certificate.pem"
require = "nothing"
[limits]
per_address = 0
`

// startServer starts ftpd, to the end of the test.
func startServer(t *testing.T) *server {
	t.Helper()
	program, err := testbed.FTPD()
	if err != nil {
		t.Fatal(err)
	}
	testbed.Need(t, "ipv6")
	dir := t.TempDir()
	root := filepath.Join(dir, "root")
	s := &server{stock: folder(root), trust: filepath.Join(dir, "trust.pem"), addrs: map[door]string{}}
	certify(t, dir, "127.0.0.1", "::1")
	if err := os.WriteFile(filepath.Join(dir, "ftpd.toml"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	add := exec.Command(program, "user", "add", user, "--rule", "allow all /**")
	add.Dir, add.Stdin = dir, strings.NewReader(password+"\n")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("ftpd user add: %v: %s", err, out)
	}
	s.run(t, dir, exec.Command(program, "serve", root, "--config", "ftpd.toml"))
	return s
}

// certify writes a certificate for the server, and that of its authority for clients.
func certify(t *testing.T, dir string, hosts ...string) {
	t.Helper()
	authority := testbed.NewAuthority(t)
	certificate, err := testbed.PEMOf(authority.Issue(t, time.Now().Add(time.Hour), hosts...))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"trust.pem": string(authority.PEM()), "certificate.pem": certificate} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// run starts the program, and waits until it has said where it listens.
func (s *server) run(t *testing.T, dir string, serve *exec.Cmd) {
	t.Helper()
	serve.Dir = dir
	stdout, err := serve.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := serve.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	s.trace = follow(stderr, net.Dial)
	t.Cleanup(func() {
		serve.Process.Signal(os.Interrupt)
		if bad := s.trace.bad(); len(bad) > 0 {
			t.Errorf("ftpd's log has what it should not:\n%.5000s", strings.Join(bad, "\n"))
		}
		if err := serve.Wait(); err != nil {
			t.Errorf("ftpd: %v", err)
		}
	})
	for lines := bufio.NewScanner(stdout); len(s.addrs) < 4; {
		if !lines.Scan() {
			t.Fatalf("ftpd does not serve: %v", s.trace.bad())
		}
		_, url, _ := strings.Cut(lines.Text(), " at ")
		scheme, addr, _ := strings.Cut(strings.TrimSuffix(url, "/"), "://")
		s.addrs[door{ipv6: strings.HasPrefix(addr, "["), implicit: scheme == "ftps"}] = addr
	}
}
