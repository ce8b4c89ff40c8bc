package testbed

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// startLimit is how long a MariaDB server may take to accept connections, on a
// machine that is busy with other tests.
const startLimit = 60 * time.Second

// A MariaDBServer is a private database server with a folder of its own.
type MariaDBServer struct {
	Socket string // path of its Unix socket
	Port   int    // on 127.0.0.1, the same over restarts
	PID    int

	dir     string
	program string
	proc    *process
}

// MariaDB creates an empty database with a user of its own, dropped at the end of the
// test, and returns its URL: mysql://user:password@127.0.0.1:port/name. All callers in
// a test process share one server, started at the first call, which ends with the
// process.
func MariaDB(t testing.TB) string {
	t.Helper()
	needMariaDB(t)
	s, err := sharedMariaDB()
	if err != nil {
		t.Fatal(err)
	}
	return s.Database(t)
}

var sharedMariaDB = sync.OnceValues(func() (*MariaDBServer, error) {
	dir, err := makeDir() // removed by the watchdog, at the end of the process
	if err != nil {
		return nil, err
	}
	return newMariaDB(dir)
})

// StartMariaDB starts a server for this test alone, which may be killed, paused and
// started again. It ends with the test.
func StartMariaDB(t testing.TB) *MariaDBServer {
	t.Helper()
	needMariaDB(t)
	s, err := newMariaDB(Dir(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Kill() // its folder is about to go
		if t.Failed() {
			t.Logf("mariadbd on port %d:\n%s", s.Port, tail(s.logFile()))
		}
	})
	return s
}

// StrictMariaDB starts a server that refuses to change what has changed since the transaction
// looked, as later versions do from the start and as clusters do when a transaction
// commits.
func StrictMariaDB(t testing.TB) *MariaDBServer {
	t.Helper()
	s := StartMariaDB(t)
	if err := s.exec("SET GLOBAL innodb_snapshot_isolation = ON"); err != nil {
		t.Fatal(err)
	}
	return s
}

func needMariaDB(t testing.TB) {
	t.Helper()
	for _, name := range mariaDBPrograms {
		Need(t, name)
	}
}

// mariaDBPrograms are what a server needs to be started.
var mariaDBPrograms = []string{"root", "mariadbd", "mariadb-install-db", "my_print_defaults"}

func newMariaDB(dir string) (*MariaDBServer, error) {
	program, err := find("mariadbd")
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &MariaDBServer{Socket: filepath.Join(dir, "socket"), Port: port, dir: dir, program: program}
	err = run("mariadb-install-db", "--no-defaults",
		"--datadir="+s.dataDir(),
		"--tmpdir="+s.dir, // in /tmp, names of servers in other namespaces of processes would be the same
		"--auth-root-authentication-method=normal",
		"--skip-test-db",
		"--user=root",
		"--innodb-log-file-size=32M",
		"--innodb-flush-method=nosync")
	if err != nil {
		return nil, err
	}
	return s, s.Start()
}

// Start starts a server again that was stopped or killed; its data is as a crash
// left it.
func (s *MariaDBServer) Start() error {
	proc, err := startProcess(s.logFile(), []string{"TZ=UTC", "LC_ALL=C"}, s.program, "--no-defaults",
		"--user=root",
		"--datadir="+s.dataDir(),
		"--tmpdir="+s.dir,
		"--socket="+s.Socket,
		"--bind-address=127.0.0.1",
		"--port="+strconv.Itoa(s.Port),
		"--pid-file="+filepath.Join(s.dir, "pid"),
		"--skip-log-bin",
		"--skip-name-resolve",
		"--max-connections=500",
		"--innodb-buffer-pool-size=256M",
		"--innodb-log-file-size=32M",
		"--innodb-flush-log-at-trx-commit=2",
		"--innodb-fast-shutdown=2")
	if err != nil {
		return fmt.Errorf("start mariadbd: %w", err)
	}
	s.proc, s.PID = proc, proc.pid
	if err := proc.waitReady(startLimit, s.ping); err != nil {
		s.Kill()
		return fmt.Errorf("start mariadbd: %w\n%s", err, tail(s.logFile()))
	}
	return nil
}

// Stop shuts the server down in order.
func (s *MariaDBServer) Stop() { s.end((*process).stop) }

// Kill ends the server as a crash would.
func (s *MariaDBServer) Kill() { s.end((*process).kill) }

func (s *MariaDBServer) end(how func(*process)) {
	if s.proc != nil {
		how(s.proc)
		s.proc, s.PID = nil, 0
	}
}

// Pause freezes the server: connections stay, answers stop.
func (s *MariaDBServer) Pause() error { return s.proc.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *MariaDBServer) Resume() error { return s.proc.signal(syscall.SIGCONT) }

// Database creates an empty database with a user of its own, dropped at the end of
// the test, and returns its URL: mysql://user:password@127.0.0.1:port/name.
func (s *MariaDBServer) Database(t testing.TB) string {
	t.Helper()
	name, url, err := s.create()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.proc == nil {
			return // the test ended the server, and its data goes with it
		}
		if err := s.exec("DROP DATABASE "+name, fmt.Sprintf("DROP USER %s@'127.0.0.1'", name)); err != nil {
			t.Errorf("drop database: %v", err)
		}
	})
	return url
}

// create creates an empty database with a user of its own, of the same name.
func (s *MariaDBServer) create() (name, url string, err error) {
	name = "test_" + rand.Text()[:16]
	password := rand.Text()
	if err := s.exec(
		"CREATE DATABASE "+name,
		fmt.Sprintf("CREATE USER %s@'127.0.0.1' IDENTIFIED BY '%s'", name, password),
		fmt.Sprintf("GRANT ALL ON %s.* TO %s@'127.0.0.1'", name, name),
	); err != nil {
		return "", "", fmt.Errorf("create database: %w", err)
	}
	host := net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port))
	return name, fmt.Sprintf("mysql://%s:%s@%s/%s", name, password, host, name), nil
}

// MariaDBRecord is a file beside [MariaDBServer.Socket].
const MariaDBRecord = "statements"

// Record has every statement that the server is sent, with its values, written to the file
// [MariaDBRecord] from now on.
func (s *MariaDBServer) Record(t testing.TB) {
	t.Helper()
	if err := s.exec("SET GLOBAL general_log_file = '"+filepath.Join(s.dir, MariaDBRecord)+"'", "SET GLOBAL general_log = ON"); err != nil {
		t.Fatal(err)
	}
}

func (s *MariaDBServer) ping() error { return s.exec("DO 0") }

// exec runs statements one after the other as the server's administrator.
func (s *MariaDBServer) exec(statements ...string) error {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Net, cfg.Addr = "root", "unix", s.Socket
	cfg.Timeout, cfg.ReadTimeout = 10*time.Second, time.Minute
	cfg.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			return err
		}
	}
	return nil
}

func (s *MariaDBServer) dataDir() string { return filepath.Join(s.dir, "data") }
func (s *MariaDBServer) logFile() string { return filepath.Join(s.dir, "log") }
