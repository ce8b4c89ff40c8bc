package testbed

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Squid is one private instance of the proxy.
type Squid struct {
	Addr string // host:port, where clients ask
	PID  int

	dir  string
	proc *process
}

// SquidHosts are host names and their addresses, which a Squid knows beside those of
// the system.
type SquidHosts map[string]string

// StartSquid starts a proxy that caches in memory, knows the given hosts and lets
// everybody in, with further lines of squid.conf. It returns when it takes connections,
// and the proxy ends with the test. Its log goes to the test's log if the test failed.
func StartSquid(t testing.TB, hosts SquidHosts, config string) *Squid {
	t.Helper()
	paths := map[string]string{}
	for _, name := range []string{"root", "squid", "squid-common", "squid-langpack"} {
		paths[name] = Need(t, name)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	s := &Squid{Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), dir: Dir(t)}
	if err := s.configure(hosts, config, paths); err != nil {
		t.Fatal(err)
	}
	s.proc, err = startProcess(s.file("output"), []string{"LC_ALL=C"}, paths["squid"],
		"-N", "-n", fmt.Sprintf("testbed%d", port), "-f", s.file("squid.conf"))
	if err != nil {
		t.Fatalf("start squid: %v", err)
	}
	s.PID = s.proc.pid
	t.Cleanup(func() {
		s.proc.stop()
		if t.Failed() {
			t.Logf("squid on %s:\n%s\n%s\n%s", s.Addr, tail(s.file("output")), tail(s.file("cache.log")), tail(s.file("access.log")))
		}
	})
	if err := s.proc.waitReady(20*time.Second, s.ready); err != nil {
		t.Fatalf("start squid: %v", err)
	}
	return s
}

// Ask sends a request for a URL of any scheme to the proxy and returns its response,
// redirects included, with its body.
func (s *Squid) Ask(t testing.TB, method, target string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: squid.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", method, target)
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return res, string(body)
}

// AccessLog returns what the proxy has logged of requests, a line each, such as
// "TCP_MISS/200 HIER_DIRECT GET http://a/". It waits for a number of lines, since they are
// written when their requests are over.
func (s *Squid) AccessLog(t testing.TB, lines int) []string {
	t.Helper()
	var logged []string
	err := s.proc.waitReady(10*time.Second, func() error {
		text, err := os.ReadFile(s.file("access.log"))
		if err != nil {
			return err
		}
		logged = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if strings.Count(string(text), "\n") < lines {
			return fmt.Errorf("%d requests are logged, not %d", strings.Count(string(text), "\n"), lines)
		}
		return nil
	})
	if err != nil {
		t.Errorf("%v:\n%s", err, strings.Join(logged, "\n"))
	}
	return logged
}

func (s *Squid) file(name string) string { return filepath.Join(s.dir, name) }

func (s *Squid) ready() error {
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

// configure writes the configuration into the folder, which it gives to nobody: that
// is who the proxy is when it has started.
func (s *Squid) configure(hosts SquidHosts, config string, paths map[string]string) error {
	var known strings.Builder
	for name, address := range hosts {
		fmt.Fprintf(&known, "%s %s\n", address, name)
	}
	if err := os.WriteFile(s.file("hosts"), []byte(known.String()), 0o644); err != nil {
		return err
	}
	text := strings.Join([]string{
		"http_port " + s.Addr,
		"visible_hostname squid.test",
		"pid_filename " + s.file("squid.pid"),
		"cache_log " + s.file("cache.log"),
		"logformat test %Ss/%03>Hs %Sh %rm %ru",
		"acl asked method GET HEAD POST", // not connections on which nothing was asked
		"access_log stdio:" + s.file("access.log") + " logformat=test asked",
		"buffered_logs off",
		"cache_store_log none",
		"netdb_filename none",
		"coredump_dir " + s.dir,
		"unlinkd_program " + filepath.Join(filepath.Dir(paths["squid"]), "../lib/squid/unlinkd"),
		"mime_table " + filepath.Join(paths["squid-common"], "mime.conf"),
		"icon_directory " + filepath.Join(paths["squid-common"], "icons"),
		"error_directory " + paths["squid-langpack"],
		"hosts_file " + s.file("hosts"),
		"cache_effective_user nobody",
		"pinger_enable off", // it would need rights of its own
		"shutdown_lifetime 0 seconds",
		"cache_mem 16 MB",
		"maximum_object_size_in_memory 4 MB",
		"http_access allow all",
		config,
	}, "\n")
	if err := os.WriteFile(s.file("squid.conf"), []byte(text), 0o644); err != nil {
		return err
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		return err
	}
	return os.Chown(s.dir, uid, -1)
}
