package testbed

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// pythonPath is Debian's interpreter. Another python3 may stand before it on PATH
// and lacks Debian's packages.
const pythonPath = "/usr/bin/python3"

// A program says where to find something that tests need and how to get it.
type program struct {
	cached string // path below the cache folder, for servers that conflict as packages
	check  func() error
	remedy string
}

const depsRemedy = "run scripts/test-deps.sh as root"

var programs = map[string]program{
	"vsftpd":    {cached: "vsftpd/usr/sbin/vsftpd", remedy: depsRemedy},
	"proftpd":   {cached: "proftpd-core/usr/sbin/proftpd", remedy: depsRemedy},
	"pure-ftpd": {cached: "pure-ftpd/usr/sbin/pure-ftpd", remedy: depsRemedy},
	"pyftpdlib": {check: checkPyftpdlib, remedy: depsRemedy},

	// The proxy, and the folders that it reads its types and texts from.
	"squid":          {cached: "squid/usr/sbin/squid", remedy: depsRemedy},
	"squid-common":   {cached: "squid-common/usr/share/squid", remedy: depsRemedy},
	"squid-langpack": {cached: "squid-langpack/usr/share/squid-langpack/en", remedy: depsRemedy},

	// What TLS needs: a module of proftpd's, and of Python's for pyftpdlib.
	"proftpd-tls":     {cached: "proftpd-mod-crypto/usr/lib/proftpd/mod_tls.so", remedy: depsRemedy},
	"python3-openssl": {check: checkPyOpenSSL, remedy: depsRemedy},

	"root":    {check: checkRoot, remedy: "run the tests as root"},
	"ipv6":    {check: checkIPv6, remedy: "run the tests where the loopback interface has the address ::1"},
	"loop":    {check: checkLoop, remedy: "run the tests as root, where files may be mounted as disks"},
	"unshare": {check: checkUnshare, remedy: "run the tests where mount namespaces may be made"},
}

// Need returns the path of a program, or skips the test with the line
//
//	SKIP-MISSING: <program>: <why>; <remedy>
//
// which "make test" collects for its final list. With CI=true in the environment
// the test fails instead, so that a test environment cannot rot unnoticed.
//
// Quick unit tests (go test -short) do without other programs altogether.
//
// Our own "ftpd" is built. Besides programs on PATH it knows the servers in the cache folder, "pyftpdlib"
// (the path is that of its interpreter), and the abilities "root", "ipv6", "unshare"
// (private mount namespaces) and "loop" (disks in files, in such a namespace), for which the
// path is empty.
func Need(t testing.TB, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skipf("quick unit tests do without %s", name)
	}
	path, err := find(name)
	if err == nil {
		return path
	}
	remedy := depsRemedy
	if p, ok := programs[name]; ok {
		remedy = p.remedy
	}
	line := fmt.Sprintf("SKIP-MISSING: %s: %v; %s", name, err, remedy)
	if os.Getenv("CI") == "true" {
		t.Fatal(line)
	}
	t.Skip(line)
	return ""
}

func find(name string) (string, error) {
	p := programs[name]
	switch {
	case name == "ftpd":
		return FTPD()
	case p.check != nil:
		if err := p.check(); err != nil {
			return "", err
		}
		if name == "pyftpdlib" {
			return pythonPath, nil
		}
		return "", nil
	case p.cached != "":
		cache, err := cacheDir()
		if err != nil {
			return "", err
		}
		path := filepath.Join(cache, p.cached)
		if _, err := os.Stat(path); err != nil {
			return "", err
		}
		return path, nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	// A user's PATH often lacks the folder of the servers.
	return exec.LookPath(filepath.Join("/usr/sbin", name))
}

// cacheDir is where scripts/test-deps.sh unpacks servers: $TESTBED_CACHE, or
// .cache/servers in the repository that holds the working directory.
var cacheDir = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv("TESTBED_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, ".cache", "servers"), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no go.mod above the working directory, and TESTBED_CACHE is not set")
		}
		dir = parent
	}
})

var checkPyftpdlib = sync.OnceValue(func() error {
	return run(pythonPath, "-c", "import pyftpdlib")
})

var checkPyOpenSSL = sync.OnceValue(func() error {
	return run(pythonPath, "-c", "import OpenSSL")
})

func checkIPv6() error {
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return err
	}
	return ln.Close()
}

func checkRoot() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("not running as root")
	}
	return nil
}

var checkUnshare = sync.OnceValue(func() error {
	return run("unshare", "-m", "mount", "--bind", "/etc/passwd", "/etc/passwd")
})

var checkLoop = sync.OnceValue(func() error {
	return run("unshare", "-m", "sh", "-c",
		`disk=$(mktemp) && truncate -s 1M "$disk" && mkfs.ext4 -q "$disk" && mount -o loop "$disk" /mnt; code=$?; rm "$disk"; exit $code`)
})

// run runs a command to its end and puts what it printed into the error.
func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %.300s", name, err, out)
	}
	return nil
}
