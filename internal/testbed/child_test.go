package testbed

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestChild is the test process of the tests below, which run it in a process of its
// own, say what to do in TESTBED_CHILD and see what becomes of it.
func TestChild(t *testing.T) {
	switch os.Getenv("TESTBED_CHILD") {
	case "need":
		Need(t, "no-such-program")
	case "servers":
		root := Dir(t)
		ftp := StartFTP(t, "pure-ftpd", FTPConfig{Root: root})
		db := StartMariaDB(t)
		fmt.Printf("started %s %s 127.0.0.1:%d\n", root, ftp.Addr, db.Port)
		io.Copy(io.Discard, os.Stdin) // until killed
	}
}

func child(do string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run", "^TestChild$", "-test.v")
	cmd.Env = append(append(os.Environ(), "TESTBED_CHILD="+do), env...)
	return cmd
}

func TestNeedSkips(t *testing.T) {
	out, err := child("need", "CI=").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "SKIP-MISSING: no-such-program: ") {
		t.Errorf("%v, %s", err, out)
	}
	out, err = child("need", "CI=true").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "SKIP-MISSING: no-such-program: ") {
		t.Errorf("with CI=true: %v, %s", err, out)
	}
}

// Nothing may outlive a test process, whatever ends it.
func TestKilledTestLeavesNothing(t *testing.T) {
	Need(t, "root")
	Need(t, "unshare")
	Need(t, "pure-ftpd")
	needMariaDB(t)
	cmd := child("servers")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var dir, ftp, db string
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if n, _ := fmt.Sscanf(lines.Text(), "started %s %s %s", &dir, &ftp, &db); n == 3 {
			break
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	if db == "" {
		t.Fatalf("child started nothing: %v", lines.Err())
	}
	for _, gone := range []struct {
		what  string
		check func() bool
	}{
		{"pure-ftpd", func() bool { return refuses(ftp) }},
		{"mariadbd", func() bool { return refuses(db) }},
		{dir, func() bool { _, err := os.Stat(dir); return os.IsNotExist(err) }},
	} {
		if !eventually(10*time.Second, gone.check) {
			t.Errorf("%s is still there", gone.what)
		}
	}
}

func refuses(addr string) bool {
	conn, err := net.Dial("tcp", addr)
	if err == nil {
		conn.Close()
	}
	return err != nil
}

// eventually reports whether something becomes true in time.
func eventually(limit time.Duration, check func() bool) bool {
	deadline := time.After(limit)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !check() {
		select {
		case <-deadline:
			return false
		case <-tick.C:
		}
	}
	return true
}
