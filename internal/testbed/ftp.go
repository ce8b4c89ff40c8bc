package testbed

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// FTPConfig says what a server serves and how. The zero value of everything but
// Root is a sensible server.
type FTPConfig struct {
	Root       string // served as "/", to anonymous users, read-only; see [Dir]
	TZ         string // time zone of the server process, as in the environment; "" is UTC
	LocalTimes bool   // show times in TZ rather than in UTC, where the server has the choice
	Recurse    bool   // obey LIST -R where that is an option (vsftpd); proftpd and pure-ftpd always do, pyftpdlib never
	ShowHidden bool   // show names that begin with a dot even without LIST -a
	MaxEntries int    // cut listings after so many entries (proftpd, pure-ftpd); 0 is as many as there are
	MaxClients int    // sessions at a time from one address; 0 is as many as come
	IPv6       bool   // listen on ::1 instead of 127.0.0.1
	Account    bool   // let in [AccountUser], too
	Private    string // what the account sees; Root if empty (and always on ftpd)
	Writable   bool   // let the account change what it sees (vsftpd), and files that are there (proftpd); elsewhere it may
	Foreign    bool   // let data connections be with others than the client (vsftpd, proftpd, pure-ftpd)
	Commands   bool   // write down what clients say, for [FTP.Commands] (vsftpd, proftpd)
	Host       *Host  // where it is, at port 21; nil: on the loopback interface

	TLS          string           // "explicit" or "implicit" (vsftpd, proftpd, ftpd), demanded of all; "" or "off" for none
	Certificate  *tls.Certificate // for TLS
	RequireReuse bool             // refuse data connections without the TLS session of the control connection (vsftpd, proftpd, ftpd)
}

// secure reports whether the server speaks TLS.
func (cfg FTPConfig) secure() bool { return cfg.TLS == "explicit" || cfg.TLS == "implicit" }

// host is the address to listen on.
func (cfg FTPConfig) host() string {
	switch {
	case cfg.Host != nil && cfg.IPv6:
		return cfg.Host.IPv6.String()
	case cfg.Host != nil:
		return cfg.Host.IPv4.String()
	case cfg.IPv6:
		return "::1"
	}
	return "127.0.0.1"
}

// choosePort is the port to listen on.
func (cfg FTPConfig) choosePort() (int, error) {
	if cfg.Host != nil {
		return 21, nil
	}
	return freePort()
}

// do calls a function where the server is.
func (cfg FTPConfig) do(fn func() error) error {
	if cfg.Host != nil {
		return cfg.Host.Do(fn)
	}
	return fn()
}

// private is what the account sees.
func (cfg FTPConfig) private() string { return cmp.Or(cfg.Private, cfg.Root) }

// The account of [FTPConfig.Account].
const (
	AccountUser     = "mirror"
	AccountPassword = "open sesame"
	AccountID       = nobodyID // its user and group, to whom what it is to change must belong

	// accountHash is the password as crypt(3) writes it, and as passwd(5) holds it.
	accountHash = "$6$testbed$7t31VfTccsXKSY7.9X1s6vnVI7rTRtX73uMx416esh9J0NoB04TiCm6lSiVhZd/oRU1T4Vkq1u1ldgDXhoCEU0"
)

// An FTP is one private instance of a real FTP server.
type FTP struct {
	Kind string
	Addr string // host:port, the same over restarts
	PID  int    // of the listening process; its sessions are in its process group

	cfg  FTPConfig
	dir  string // configuration and log, not served
	path string // of the program
	user bool   // the account was added to ftpd's database
	proc *process
}

// FTPServers lists the kinds that [StartFTP] knows.
func FTPServers() []string {
	return []string{"vsftpd", "proftpd", "pure-ftpd", "pyftpdlib", "ftpd"}
}

// StartFTP starts a server and returns when it greets with 220. It is stopped at
// the end of the test; its log goes to the test's log if the test failed.
func StartFTP(t testing.TB, kind string, cfg FTPConfig) *FTP {
	t.Helper()
	if commands[kind] == nil {
		t.Fatalf("testbed: no FTP server of kind %q", kind)
	}
	for _, name := range cfg.needs(kind) {
		Need(t, name)
	}
	s, err := LaunchFTP(kind, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			t.Logf("%s on %s:\n%s", kind, s.Addr, tail(s.logFile()))
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// needs names what a server of a kind needs, the program itself first.
func (c FTPConfig) needs(kind string) []string {
	names := []string{kind, "root", "unshare"}
	if c.IPv6 {
		names = append(names, "ipv6")
	}
	if c.secure() && kind == "proftpd" {
		names = append(names, "proftpd-tls")
	}
	if c.secure() && kind == "pyftpdlib" {
		names = append(names, "python3-openssl")
	}
	return names
}

// URL is the address of the server's root.
func (s *FTP) URL() string { return "ftp://" + s.Addr + "/" }

// Start starts a server again that was stopped or killed.
func (s *FTP) Start() error {
	args, err := commands[s.Kind](s)
	if err != nil {
		return fmt.Errorf("configure %s: %w", s.Kind, err)
	}
	tz := s.cfg.TZ
	if tz == "" {
		tz = "UTC"
	}
	var proc *process
	err = s.cfg.do(func() (err error) {
		proc, err = startProcess(s.logFile(), []string{"TZ=" + tz, "LC_ALL=C"}, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", s.Kind, err)
	}
	s.proc, s.PID = proc, proc.pid
	if err := proc.waitReady(10*time.Second, s.greeted); err != nil {
		s.Kill()
		return fmt.Errorf("start %s: %w\n%s", s.Kind, err, tail(s.logFile()))
	}
	return nil
}

// Stop ends the server and every session, politely first.
func (s *FTP) Stop() { s.end((*process).stop) }

// Kill ends the server and every session at once, as a crash would.
func (s *FTP) Kill() { s.end((*process).kill) }

func (s *FTP) end(how func(*process)) {
	if s.proc != nil {
		how(s.proc)
		s.proc, s.PID = nil, 0
	}
}

// Pause freezes the server and its sessions: connections stay, answers stop.
func (s *FTP) Pause() error { return s.proc.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *FTP) Resume() error { return s.proc.signal(syscall.SIGCONT) }

// greeted asks for the first line of the greeting.
func (s *FTP) greeted() error {
	var conn net.Conn
	err := s.cfg.do(func() (err error) {
		conn, err = net.DialTimeout("tcp", s.Addr, time.Second)
		return err
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	if s.cfg.TLS == "implicit" {
		conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true})
	}
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "220") {
		return fmt.Errorf("greeting is %q", line)
	}
	return nil
}

// Commands is what clients have said, and perhaps more; passwords are not in it.
func (s *FTP) Commands() (string, error) {
	text, err := os.ReadFile(s.commandFile())
	return string(text), err
}

func (s *FTP) commandFile() string { return filepath.Join(s.dir, "commands") }

func (s *FTP) port() int {
	_, port, _ := net.SplitHostPort(s.Addr) // made by StartFTP
	n, _ := strconv.Atoi(port)
	return n
}

func (s *FTP) logFile() string { return filepath.Join(s.dir, "log") }

// file writes a file into the instance's folder and returns its path.
func (s *FTP) file(name, text string) (string, error) {
	path := filepath.Join(s.dir, name)
	return path, os.WriteFile(path, []byte(text), 0o644)
}

// secret writes a file that only root may read.
func (s *FTP) secret(name, text string) (string, error) {
	path := filepath.Join(s.dir, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// certificate writes the certificate and its key and returns the path.
func (s *FTP) certificate() (string, error) {
	if s.cfg.Certificate == nil {
		return "", errors.New("TLS without a certificate")
	}
	text, err := PEMOf(s.cfg.Certificate)
	if err != nil {
		return "", err
	}
	return s.secret("certificate.pem", text)
}

// account is the account's line in passwd(5).
func (s *FTP) account() string {
	return fmt.Sprintf("%s:%s:%d:%d::%s:/bin/sh\n", AccountUser, accountHash, nobodyID, nobodyID, s.cfg.private())
}

// withFTPUser wraps a command so that it sees a user "ftp" at home in the served
// folder, with the rights of nobody. Only the command sees it, in a mount namespace
// of its own: the machine's /etc/passwd stays as it is, and any number of servers
// may run at once.
func (s *FTP) withFTPUser(args ...string) ([]string, error) {
	passwd, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return nil, err
	}
	if strings.ContainsAny(s.cfg.Root+s.cfg.Private, ":\n") {
		return nil, errors.New("root folder has a colon or a line feed in its name")
	}
	var own strings.Builder
	fmt.Fprintf(&own, "ftp:x:%d:%d::%s:/usr/sbin/nologin\n", nobodyID, nobodyID, s.cfg.Root)
	if s.cfg.Account {
		own.WriteString(s.account())
	}
	for line := range strings.Lines(string(passwd)) {
		if !strings.HasPrefix(line, "ftp:") {
			own.WriteString(line)
		}
	}
	path, err := s.file("passwd", own.String())
	if err != nil {
		return nil, err
	}
	const script = `mount --bind "$0" /etc/passwd && exec "$@"`
	return append([]string{"unshare", "-m", "sh", "-c", script, path}, args...), nil
}
