package testbed

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Where members of a cluster listen.
const (
	ftpPort   = 2121
	ftpsPort  = 2990
	linkPort  = 1099
	relayPort = 1098
)

// A ClusterConfig says what a cluster of ftpd consists of.
type ClusterConfig struct {
	Program  string // ftpd; "": as it is built by [FTPD]
	Folder   string // what the only member serves, without slaves; "": masters do
	Masters  int    // 0: one
	Slaves   int
	Database string   // URL; "": a file of SQLite
	Network  *Network // where each is a host of its own; nil: on the loopback interface, at addresses of their own
	Ports    string   // of data connections; "": 30000-30999

	User, Password string                     // who may do everything
	Under          func(name string) []string // the program that a member runs under, with its arguments, such as strace; nil: none

	Keys, MasterKeys, Tables string // added to the configuration of masters: above its first table, to the table "master", below
	SlaveKeys, SlaveTables   string // and to that of slaves
}

// A Cluster is a distributed FTP server: masters, slaves, and their database.
type Cluster struct {
	Masters, Slaves []*Member
	User, Password  string

	cfg     ClusterConfig
	dir     string
	network string // the first two bytes of the addresses on the loopback interface
}

// A Member is a master or a slave. It can be killed and started again.
type Member struct {
	Name   string
	Addr   netip.Addr // of a slave: for data connections
	Addr6  netip.Addr // invalid on the loopback interface
	Host   *Host      // nil on the loopback interface
	Dir    string
	Folder string // what a slave stores

	program string
	under   []string
	args    []string
	ready   func(m *Member) error
	proc    *process
	begun   int64 // where the log of what runs begins
}

// StartCluster starts a cluster, and waits until all slaves have joined. It ends with the
// test.
func StartCluster(t testing.TB, cfg ClusterConfig) *Cluster {
	t.Helper()
	if cfg.Program == "" {
		cfg.Program = Need(t, "ftpd")
	}
	dir, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	c := newCluster(cfg, dir)
	t.Cleanup(func() {
		if t.Failed() {
			for _, m := range append(slices.Clone(c.Masters), c.Slaves...) {
				t.Logf("log of %s:\n%s", m.Name, tail(m.logFile()))
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// LaunchCluster starts a cluster as [StartCluster] does. The caller ends it with
// [Cluster.Close].
func LaunchCluster(cfg ClusterConfig) (*Cluster, error) {
	if cfg.Program == "" {
		program, err := FTPD()
		if err != nil {
			return nil, err
		}
		cfg.Program = program
	}
	dir, err := makeDir()
	if err != nil {
		return nil, err
	}
	c := newCluster(cfg, dir)
	if err := c.start(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func newCluster(cfg ClusterConfig, dir string) *Cluster {
	cfg.Masters = max(cfg.Masters, 1)
	cfg.Ports = cmp.Or(cfg.Ports, "30000-30999")
	cfg.Database = cmp.Or(cfg.Database, "sqlite:"+filepath.Join(dir, "ftpd.db"))
	return &Cluster{User: cmp.Or(cfg.User, "operator"), Password: cmp.Or(cfg.Password, "open-sesame"), cfg: cfg, dir: dir, network: fmt.Sprintf("127.%d.%d", 16+rand.IntN(200), rand.IntN(256))}
}

// start makes everything: masters first, as they are what slaves enroll at.
func (c *Cluster) start() error {
	for i := range c.cfg.Masters {
		if err := c.addMaster(i); err != nil {
			return err
		}
	}
	for i := range c.cfg.Slaves {
		if _, err := c.AddSlave(fmt.Sprintf("slave%d", i+1), ""); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) addMaster(i int) error {
	m, err := c.member(fmt.Sprintf("master%d", i+1), 1+i)
	if err != nil {
		return err
	}
	m.ready = (*Member).answers
	config := filepath.Join(m.Dir, "ftpd.toml")
	m.args = []string{"master", "--config", config}
	master := fmt.Sprintf("[master]\nlisten = %q\n", m.at(linkPort)) + c.cfg.MasterKeys
	if c.cfg.Folder != "" {
		m.args = []string{"serve", c.cfg.Folder, "--config", config}
		master = ""
	}
	doors, secure := m.Doors(false)
	if m.Addr6.IsValid() {
		doors6, secure6 := m.Doors(true)
		doors, secure = doors+" "+doors6, secure+" "+secure6
	}
	text := fmt.Sprintf("listen = %q\ndatabase = %q\nusers = true\n", doors, c.cfg.Database)
	if strings.Contains(c.cfg.Tables, "[tls]") {
		text += fmt.Sprintf("tls_listen = %q\n", secure)
	}
	text += c.cfg.Keys + fmt.Sprintf("\n[passive]\nports = %q\n", c.cfg.Ports) + master + c.cfg.Tables
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	c.Masters = append(c.Masters, m)
	if i == 0 {
		if _, err := c.feed(c.Password+"\n", "user", "add", c.User, "--rule", "allow all,admin,fxp /**"); err != nil {
			return err
		}
	}
	return m.Start()
}

// AddSlave adds a slave, which stores in a folder that may be there already; "" is a new
// one.
func (c *Cluster) AddSlave(name, folder string) (*Member, error) {
	m, err := c.member(name, 101+len(c.Slaves))
	if err != nil {
		return nil, err
	}
	m.Folder = cmp.Or(folder, filepath.Join(m.Dir, "files"))
	if err := os.MkdirAll(m.Folder, 0o755); err != nil {
		return nil, err
	}
	m.ready = (*Member).joined
	config := filepath.Join(m.Dir, "slave.toml")
	m.args = []string{"slave", "--config", config}
	addrs := fmt.Sprintf("%q", m.Addr)
	if m.Addr6.IsValid() {
		addrs += fmt.Sprintf(", %q", m.Addr6)
	}
	text := fmt.Sprintf("folders = [%q]\nidentity = %q\n%s\n[data]\naddresses = [%s]\nports = %q\n[relay]\nlisten = %q\n%s",
		m.Folder, filepath.Join(m.Dir, "slave.pem"), c.cfg.SlaveKeys, addrs, c.cfg.Ports, m.at(relayPort), c.cfg.SlaveTables)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	token, err := c.Command("enroll", name)
	if err != nil {
		return nil, err
	}
	lines := strings.Fields(string(token))
	if len(lines) == 0 {
		return nil, fmt.Errorf("ftpd enroll %s says nothing", name)
	}
	if out, err := m.run("", "slave", "enroll", lines[len(lines)-1], "--config", config); err != nil {
		return nil, fmt.Errorf("ftpd slave enroll: %w: %s", err, out)
	}
	c.Slaves = append(c.Slaves, m)
	return m, m.Start()
}

// member makes one that does not run yet.
func (c *Cluster) member(name string, number int) (*Member, error) {
	m := &Member{Name: name, Dir: filepath.Join(c.dir, name), program: c.cfg.Program}
	if c.cfg.Under != nil {
		m.under = c.cfg.Under(name)
	}
	if c.cfg.Network == nil {
		m.Addr = netip.MustParseAddr(fmt.Sprintf("%s.%d", c.network, number))
	} else {
		m.Addr = netip.MustParseAddr(fmt.Sprintf("44.1.1.%d", number))
		m.Addr6 = netip.MustParseAddr(fmt.Sprintf("2a00:44::%d", number))
		host, err := c.cfg.Network.Host(m.Addr, m.Addr6)
		if err != nil {
			return nil, err
		}
		m.Host = host
	}
	return m, os.Mkdir(m.Dir, 0o755)
}

// Command runs ftpd as the operator of the first master does, and returns what it prints.
func (c *Cluster) Command(args ...string) ([]byte, error) { return c.feed("", args...) }

func (c *Cluster) feed(input string, args ...string) ([]byte, error) {
	first := c.Masters[0]
	return first.run(input, append([]string{"--config", filepath.Join(first.Dir, "ftpd.toml")}, args...)...)
}

// Close ends all, and removes what they stored.
func (c *Cluster) Close() error {
	for _, m := range append(slices.Clone(c.Slaves), c.Masters...) {
		m.Kill()
		if m.Host != nil {
			m.Host.Close()
		}
	}
	return removeDir(c.dir)
}

// FTP is where clients find a master.
func (m *Member) FTP() string { return m.at(ftpPort) }

// Doors are where clients find a master: of FTP, and of FTP with TLS from the first byte
// on, which is there if the configuration has a certificate.
func (m *Member) Doors(ipv6 bool) (clear, implicit string) {
	addr := m.Addr
	if ipv6 {
		addr = m.Addr6
	}
	return netip.AddrPortFrom(addr, ftpPort).String(), netip.AddrPortFrom(addr, ftpsPort).String()
}

// PID is that of the process, 0 if there is none.
func (m *Member) PID() int {
	if m.proc == nil {
		return 0
	}
	return m.proc.pid
}

// Start starts a member that does not run, and waits until a master takes clients, or a
// slave has joined a master.
func (m *Member) Start() error {
	if err := m.Launch(); err != nil {
		return err
	}
	return m.Await()
}

// Launch starts a member that does not run.
func (m *Member) Launch() error {
	m.Mark()
	return m.do(func() (err error) {
		m.proc, err = startProcess(m.logFile(), []string{"NO_COLOR=1", "GORACE=atexit_sleep_ms=0"}, slices.Concat(m.under, []string{m.program}, m.args)...)
		return err
	})
}

// Mark lets Log, Await and AwaitLog look only at what is logged from now on.
func (m *Member) Mark() {
	m.begun = 0
	if is, err := os.Stat(m.logFile()); err == nil {
		m.begun = is.Size()
	}
}

// Await waits until a member that was launched is ready.
func (m *Member) Await() error { return m.await(m.ready) }

// AwaitLog waits until a member has logged a text.
func (m *Member) AwaitLog(text string) error {
	return m.await(func(m *Member) error { return m.logged(text) })
}

func (m *Member) await(ready func(m *Member) error) error {
	if err := m.proc.waitReady(startLimit, func() error { return ready(m) }); err != nil {
		return fmt.Errorf("%s: %w\n%s", m.Name, err, tail(m.logFile()))
	}
	return nil
}

// Stop ends a member in order.
func (m *Member) Stop() { m.end((*process).stop) }

// Kill ends it as a crash would.
func (m *Member) Kill() { m.end((*process).kill) }

func (m *Member) end(how func(*process)) {
	if m.proc != nil {
		how(m.proc)
		m.proc = nil
	}
}

// Pause freezes it: connections stay, answers stop.
func (m *Member) Pause() error { return m.proc.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (m *Member) Resume() error { return m.proc.signal(syscall.SIGCONT) }

// Log is what it has logged since it was started last.
func (m *Member) Log() ([]byte, error) {
	text, err := os.ReadFile(m.logFile())
	return text[min(m.begun, int64(len(text))):], err
}

func (m *Member) logFile() string { return filepath.Join(m.Dir, "log") }

func (m *Member) at(port uint16) string { return netip.AddrPortFrom(m.Addr, port).String() }

// do calls a function where the member is.
func (m *Member) do(fn func() error) error {
	if m.Host != nil {
		return m.Host.Do(fn)
	}
	return fn()
}

// run runs ftpd where the member is, to its end.
func (m *Member) run(input string, args ...string) ([]byte, error) {
	cmd := exec.Command(m.program, args...)
	cmd.Dir = m.Dir
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := m.do(cmd.Start); err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return stdout.Bytes(), fmt.Errorf("ftpd %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}

// answers is an error as long as a master takes no clients.
func (m *Member) answers() error {
	return m.do(func() error {
		conn, err := net.DialTimeout("tcp", m.FTP(), time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// joined is an error as long as a slave has joined no master.
func (m *Member) joined() error { return m.logged("joined") }

// logged is an error as long as a text is not in the log.
func (m *Member) logged(text string) error {
	log, err := m.Log()
	if err == nil && !bytes.Contains(log, []byte(text)) {
		err = fmt.Errorf("it has not logged %q", text)
	}
	return err
}

// Follow reads the log as it grows. Reads end when it is closed.
func (m *Member) Follow() (io.ReadCloser, error) {
	file, err := os.Open(m.logFile())
	if err != nil {
		return nil, err
	}
	return &follower{file: file, closed: make(chan struct{})}, nil
}

// A follower reads a file that others write.
type follower struct {
	file   *os.File
	closed chan struct{}
}

// Read implements io.Reader.
func (f *follower) Read(b []byte) (int, error) {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		n, err := f.file.Read(b)
		if n > 0 || err != io.EOF {
			return n, err
		}
		select {
		case <-f.closed:
			return 0, io.EOF
		case <-again.C:
		}
	}
}

// Close lets Read end when it has read all that was written.
func (f *follower) Close() error {
	close(f.closed)
	return nil
}
