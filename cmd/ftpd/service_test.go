package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// A running one is "ftpd serve" as the service manager runs it, in a folder of its own, of
// which it serves the folder pub.
type running struct {
	*testbed.Service
	t   *testing.T
	dir string
}

// prepare makes the folder.
func prepare(t *testing.T, config string) *running {
	t.Helper()
	s := &running{t: t, dir: t.TempDir()}
	for name, text := range map[string]string{"ftpd.toml": config, "pub/file": "content", "other/file": "other"} {
		s.write(name, text)
	}
	return s
}

// start starts the service.
func start(t *testing.T, config string, flags ...string) *running {
	t.Helper()
	s := prepare(t, config)
	s.run(exec.Command("ftpd", append([]string{"serve"}, flags...)...))
	return s
}

func (s *running) run(cmd *exec.Cmd) {
	s.t.Helper()
	cmd.Dir = s.dir
	s.Service = testbed.StartService(s.t, cmd)
}

func (s *running) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		s.t.Fatal(err)
	}
}

// url waits until it serves somewhere, and returns where.
func (s *running) url(scheme string) string {
	s.t.Helper()
	return s.Out.Wait(s.t, `^serving .* at (`+scheme+`://\S+/)$`)[1]
}

// end tells it to stop, which must end well.
func (s *running) end() {
	s.t.Helper()
	s.Send(syscall.SIGTERM)
	if err := s.Wait(); err != nil {
		s.t.Errorf("it ends with %v", err)
	}
}

// certify makes a certificate for 127.0.0.1 and says so in a configuration.
func (s *running) certify() string {
	s.t.Helper()
	authority := testbed.NewAuthority(s.t)
	text, err := testbed.PEMOf(authority.Issue(s.t, time.Now().Add(time.Hour), "127.0.0.1"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("authority.pem", string(authority.PEM()))
	s.write("certificate.pem", text)
	return "[tls]\ncertificate = 'certificate.pem'\nkey = 'certificate.pem'\n"
}

// curl runs curl and returns what it wrote.
func (s *running) curl(args ...string) (string, error) {
	s.t.Helper()
	cmd := exec.Command(testbed.Need(s.t, "curl"), append([]string{"--silent", "--show-error", "--max-time", "30"}, args...)...)
	cmd.Dir = s.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// fetch has curl fetch something.
func (s *running) fetch(want string, args ...string) {
	s.t.Helper()
	if got, err := s.curl(args...); err != nil || got != want {
		s.t.Errorf("curl %v: %q, %v; want %q", args, got, err, want)
	}
}

// A download is one under way, of a file that is too large for any buffer, by a client
// that does not take more than a little until it is told to.
type download struct {
	t      *testing.T
	client *exec.Cmd
	out    io.ReadCloser
	begun  int
}

const largeSize = 64 << 20

// large makes the file.
func (s *running) large() {
	s.t.Helper()
	s.write("pub/large", "")
	if err := os.Truncate(filepath.Join(s.dir, "pub/large"), largeSize); err != nil {
		s.t.Fatal(err)
	}
}

// begin begins a download with a program that writes the file to standard output.
func (s *running) begin(program string, args ...string) *download {
	s.t.Helper()
	d := &download{t: s.t, client: exec.Command(testbed.Need(s.t, program), args...), begun: 1000}
	d.client.Dir = s.dir
	var err error
	if d.out, err = d.client.StdoutPipe(); err != nil {
		s.t.Fatal(err)
	}
	d.client.Stderr = os.Stderr
	if err := d.client.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { d.client.Process.Kill() })
	if _, err := io.ReadFull(d.out, make([]byte, d.begun)); err != nil {
		s.t.Fatal(err)
	}
	return d
}

// finish lets it end, which must be well.
func (d *download) finish() {
	d.t.Helper()
	n, err := io.Copy(io.Discard, d.out)
	if err = errors.Join(err, d.client.Wait()); err != nil || int64(d.begun)+n != largeSize {
		d.t.Errorf("%s: %d bytes, %v", d.client.Path, int64(d.begun)+n, err)
	}
}

// A talk is a control connection.
type talk struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func dial(t *testing.T, url string) *talk {
	t.Helper()
	_, address, _ := strings.Cut(strings.TrimSuffix(url, "/"), "://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	return &talk{t, conn, bufio.NewReader(conn)}
}

// want reads a reply of one line.
func (c *talk) want(prefix string) {
	c.t.Helper()
	if line, err := c.in.ReadString('\n'); err != nil || !strings.HasPrefix(line, prefix) {
		c.t.Errorf("it says %q, %v; want %s", line, err, prefix)
	}
}

// Reload, in the midst of downloads: those go on, what changed counts for others, and a
// mistake changes nothing.
func TestReload(t *testing.T) {
	t.Parallel()
	s := start(t, "directory = 'pub'\nlisten = '127.0.0.1:0'\nbanner = 'First'\n")
	s.large()
	url := s.url("ftp")
	s.Told("READY=1\nSTATUS=serving pub to anonymous clients")
	s.Told("WATCHDOG=1")
	downloads := []*download{
		s.begin("curl", "--silent", "--show-error", url+"large"),
		s.begin("lftp", "-c", "set ftp:ssl-allow no; set net:max-retries 1; cat "+url+"large"),
	}
	old := dial(t, url)
	old.want("220 First")

	s.write("ftpd.toml", "directory = 'other'\nlisten = '127.0.0.1:0'\ntls_listen = '127.0.0.1:0'\nbanner = 'Second'\nusers = true\n[metrics]\nlisten = '127.0.0.1:0'\n"+s.certify())
	s.Send(syscall.SIGHUP)
	s.Told("RELOADING=1\nMONOTONIC_USEC=")
	s.Told("READY=1\nSTATUS=serving other to anonymous clients and users")
	s.Log.Wait(t, `msg="what changed takes effect after a restart only" key=metrics.listen`)
	secure := s.Log.Wait(t, `msg=listening at=(ftps://\S+/)`)[1]
	added := dial(t, url)
	added.want("220 Second")
	s.fetch("other", "--cacert", "authority.pem", secure+"file")
	fmt.Fprint(old, "USER anonymous\r\nPASS x\r\nTYPE I\r\nSIZE file\r\n")
	for _, reply := range []string{"331", "230", "200", "213 7"} {
		old.want(reply)
	}

	s.write("ftpd.toml", "directory = 'pub'\nlisten = '127.0.0.1:0'\n[limits]\nsesions = 3\n")
	s.Send(syscall.SIGHUP)
	s.Told("RELOADING=1")
	s.Told("READY=1\nSTATUS=serving other to anonymous clients and users")
	s.Log.Wait(t, `level=ERROR msg="configuration is not read again; what was in force stays" err="ftpd.toml:4: unknown key limits.sesions`)

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	s.write("ftpd.toml", fmt.Sprintf("directory = 'pub'\nlisten = '127.0.0.1:0'\n[[door]]\nlisten = %q\n", taken.Addr()))
	s.Send(syscall.SIGHUP)
	s.Told("READY=1\nSTATUS=serving other to anonymous clients and users")
	s.Log.Wait(t, `what was in force stays" err=".*address already in use`)

	s.write("ftpd.toml", "directory = 'pub'\nlisten = '127.0.0.1:0'\n[limits]\nper_address = 2\n")
	s.Send(syscall.SIGHUP)
	s.Told("READY=1\nSTATUS=serving pub to anonymous clients")
	dial(t, url).want("421 Too many sessions from your address, the limit is 2") // the downloads count
	s.write("ftpd.toml", "directory = 'pub'\nlisten = '127.0.0.1:0'\n")
	s.Send(syscall.SIGHUP)
	s.Told("READY=1\nSTATUS=serving pub to anonymous clients")
	s.Log.Wait(t, `msg="no longer listening" at=`+secure)
	if out, err := s.curl("--cacert", "authority.pem", secure+"file"); err == nil {
		t.Errorf("the door that was closed is open: %s", out)
	}
	s.fetch("content", url+"file")
	for _, d := range downloads {
		d.finish()
	}
	s.end()
}

// Stop, in the midst of downloads: they end well, and the program then; idle sessions
// and newcomers are told.
func TestStop(t *testing.T) {
	t.Parallel()
	s := start(t, "", "pub", "--listen", "127.0.0.1:0")
	s.large()
	url := s.url("ftp")
	s.Told("READY=1")
	idle := dial(t, url)
	idle.want("220")
	downloads := []*download{
		s.begin("curl", "--silent", "--show-error", url+"large"),
		s.begin("lftp", "-c", "set ftp:ssl-allow no; set net:max-retries 1; cat "+url+"large"),
	}
	s.Send(syscall.SIGTERM)
	s.Told("STOPPING=1")
	s.Log.Wait(t, `msg="stopping; transfers under way may end" stop_timeout=5m`)
	idle.want("421 Server is shutting down")
	dial(t, url).want("421 Server is shutting down, try again later")
	for _, d := range downloads {
		d.finish()
	}
	if err := s.Wait(); err != nil {
		t.Errorf("it ends with %v", err)
	}
	s.Log.Wait(t, `msg=stopped`)
}

// open returns what the program has open of which the names end like this.
func (s *running) open(ends ...string) (open []string) {
	s.t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", s.Process.Pid)
	fds, err := os.ReadDir(dir)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, fd := range fds {
		target, _ := os.Readlink(filepath.Join(dir, fd.Name()))
		if slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(target, end) }) {
			open = append(open, target)
		}
	}
	return open
}

// Folders and databases of former configurations are let go when nobody needs them.
func TestReloads(t *testing.T) {
	t.Parallel()
	s := start(t, "directory = 'pub'\nlisten = '127.0.0.1:0'\nusers = true\n")
	s.Told("READY=1")
	for _, config := range []string{
		"directory = 'other'\nusers = true\numask = '077'\n",
		"directory = 'other'\nusers = true\ndatabase = 'sqlite:second.db'\n",
		"directory = 'pub'\n",
	} {
		s.write("ftpd.toml", config+"listen = '127.0.0.1:0'\n")
		s.Send(syscall.SIGHUP)
		s.Told("RELOADING=1")
		s.Told("READY=1")
	}
	var open []string
	for range 100 { // it lets go soon, not at once
		s.fetch("content", s.url("ftp")+"file")
		if open = s.open(".db", "/other"); open == nil {
			break
		}
	}
	if open != nil {
		t.Errorf("%q are still open", open)
	}
	s.end()
}

// A second signal ends the program at once; so does the end of stop_timeout.
func TestStopAtOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config string
		again  bool
	}{
		"by a second signal": {"", true},
		"after a while":      {"stop_timeout = '10ms'\n", false},
		"without a while":    {"stop_timeout = '0s'\n", false},
	} {
		s := start(t, c.config, "pub", "--listen", "127.0.0.1:0")
		s.large()
		d := s.begin("curl", "--silent", s.url("ftp")+"large")
		s.Send(syscall.SIGTERM)
		if c.again {
			s.Log.Wait(t, "msg=.stopping")
			s.Send(syscall.SIGTERM)
		}
		if err := s.Wait(); (err == nil) == c.again {
			t.Errorf("%s: it ends with %v", name, err)
		}
		io.Copy(io.Discard, d.out)
		if err := d.client.Wait(); err == nil {
			t.Errorf("%s: the download is complete", name)
		}
	}
}

// Real clients under TLS, explicit and implicit; passwords are not taken without.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := prepare(t, "")
	s.write("ftpd.toml", "directory = 'pub'\nlisten = '127.0.0.1:0'\ntls_listen = '127.0.0.1:0'\nusers = true\n"+s.certify())
	add := exec.Command("ftpd", "user", "add", "ann", "--rule", "allow all /**")
	add.Dir, add.Stdin = s.dir, strings.NewReader("secret of ann\n")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	s.run(exec.Command("ftpd", "serve"))
	plain, secure := s.url("ftp"), s.url("ftps")
	s.fetch("content", plain+"file")
	s.fetch("content", "--ssl-reqd", "--cacert", "authority.pem", plain+"file")
	s.fetch("content", "--cacert", "authority.pem", secure+"file")
	ann := []string{"--user", "ann:secret of ann", "--cacert", "authority.pem"}
	s.fetch("content", append(ann, "--ssl-reqd", plain+"file")...)
	s.fetch("content", append(ann, secure+"file")...)
	s.fetch("", append(ann, "--upload-file", "certificate.pem", secure+"uploaded")...)
	if out, err := s.curl(append(ann, plain+"file")...); err == nil {
		t.Errorf("a password is taken without TLS: %s", out)
	}
	lftp := testbed.Need(t, "lftp")
	for _, url := range []string{plain, secure} {
		cmd := exec.Command(lftp, "-c", "set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ssl:ca-file authority.pem; set net:max-retries 1; "+
			"open -u 'ann,secret of ann' "+url+"; cat file; put ftpd.toml")
		cmd.Dir = s.dir
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.HasPrefix(out, []byte("content")) {
			t.Errorf("lftp %s: %v: %s", url, err, out)
		}
	}
	s.end()
}

// Everything that clients of both families need is there, at one door and at two.
func TestFamilies(t *testing.T) {
	testbed.Need(t, "ipv6")
	t.Parallel()
	s := start(t, "", "pub", "--listen", ":0", "--ports", "40000-40999")
	port := s.Out.Wait(t, `ftp://\[::\]:(\d+)/$`)[1]
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		url := "ftp://" + host + ":" + port + "/file"
		for _, mode := range [][]string{nil, {"--disable-epsv"}, {"--ftp-port", "-"}, {"--ftp-port", "-", "--disable-eprt"}} {
			if host == "[::1]" && slices.ContainsFunc(mode, func(flag string) bool { return strings.HasPrefix(flag, "--disable") }) {
				continue // PASV and PORT are for IPv4
			}
			s.fetch("content", append(mode, url)...)
		}
	}
	s.end()

	// Both families, each at a door of its own with the same port.
	free, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	port = fmt.Sprint(free.Addr().(*net.TCPAddr).Port)
	free.Close()
	s = start(t, "", "pub", "--listen", "0.0.0.0:"+port+" [::]:"+port)
	s.Out.Wait(t, ` at ftp://\[::\]:`+port)
	s.fetch("content", "ftp://127.0.0.1:"+port+"/file")
	s.fetch("content", "ftp://[::1]:"+port+"/file")
	s.end()
}

// Sockets that the service manager passed are doors by their names, go before those of
// the configuration, and outlive the program: who comes in between waits for the next.
func TestSockets(t *testing.T) {
	t.Parallel()
	s := prepare(t, "")
	s.write("ftpd.toml", "directory = 'pub'\nlisten = '127.0.0.1:1'\n[passive]\nports = '41000-41999'\n"+s.certify())
	var held []*net.TCPListener
	files := func() (files []*os.File) {
		for range 2 {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { ln.Close() })
			held = append(held, ln.(*net.TCPListener))
			file, err := held[len(held)-1].File()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { file.Close() })
			files = append(files, file)
		}
		return files
	}()
	run := func() {
		// The variable has to name the process itself (sd_listen_fds(3)).
		cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=ftp:ftps exec ftpd serve`)
		cmd.ExtraFiles = files
		s.run(cmd)
	}
	run()
	plain, secure := s.url("ftp"), s.url("ftps")
	if want := "ftp://" + held[0].Addr().String() + "/"; plain != want {
		t.Errorf("it serves at %s, want %s", plain, want)
	}
	s.fetch("content", plain+"file")
	s.fetch("content", "--cacert", "authority.pem", secure+"file")
	s.Send(syscall.SIGHUP)
	s.Log.Wait(t, `msg="configuration is read again"`)
	s.fetch("content", "--cacert", "authority.pem", secure+"file")
	s.end()
	early := dial(t, plain)
	run()
	early.want("220")
	early.Close()
	s.end()
}

// A port below 1024 takes one capability, and no more of root.
func TestLowPort(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "root")
	setpriv := testbed.Need(t, "setpriv")
	s := prepare(t, "")
	self, err := exec.LookPath("ftpd")
	if err != nil {
		t.Fatal(err)
	}
	// Where it is now nobody but root can reach it.
	if out, err := exec.Command("cp", self, filepath.Join(s.dir, "ftpd")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := errors.Join(os.Chmod(s.dir, 0o755), os.Chmod(filepath.Join(s.dir, "pub/file"), 0o644), os.Remove(filepath.Join(s.dir, "ftpd.toml"))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	port := "127.0.0.1:921"
	as := func(capability string) *exec.Cmd {
		return exec.CommandContext(ctx, setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs",
			"--inh-caps=-all"+capability, "--ambient-caps=-all"+capability, "--bounding-set=-all"+capability, "./ftpd", "serve", "pub", "--listen", port)
	}
	s.run(as(",+net_bind_service"))
	s.fetch("content", s.url("ftp")+"file")
	s.end()
	without := as("")
	without.Dir = s.dir
	if out, err := without.CombinedOutput(); err == nil || !strings.Contains(string(out), "permission denied") || !strings.Contains(string(out), "hint: ") {
		t.Errorf("without it: %v: %s", err, out)
	}
}
