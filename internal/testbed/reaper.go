package testbed

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// reaperScript outlives the test process by the blink that it takes to clear up
// after it. Each line on its standard input is a flag and a thing: "+group PID",
// "-group PID", "+dir PATH", "-dir PATH". At the end of the input, which is the end
// of the test process however it came about (a panic, a timeout, kill -9), it kills
// the process groups and removes the folders that are still on its list.
//
// A parent-death signal would not do: the kernel forgets it when a server changes
// its user, as all FTP servers do.
const reaperScript = `
declare -A groups dirs
while read -r verb what; do
	case $verb in
	+group) groups[$what]=1 ;;
	-group) unset "groups[$what]" ;;
	+dir) dirs[$what]=1 ;;
	-dir) unset "dirs[$what]" ;;
	esac
done
for group in "${!groups[@]}"; do kill -KILL -- "-$group"; done
for dir in "${!dirs[@]}"; do rm -rf -- "$dir"; done
`

// reaper is the one watchdog of this test process, started when first needed.
var reaper struct {
	sync.Mutex
	input *os.File
}

// tellReaper sends one line to the watchdog.
func tellReaper(verb string, what any) error {
	reaper.Lock()
	defer reaper.Unlock()
	if reaper.input == nil {
		input, err := startReaper()
		if err != nil {
			return fmt.Errorf("start watchdog: %w", err)
		}
		reaper.input = input
	}
	if _, err := fmt.Fprintln(reaper.input, verb, what); err != nil {
		return fmt.Errorf("tell watchdog: %w", err)
	}
	return nil
}

func startReaper() (*os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	cmd := exec.Command("bash", "-c", reaperScript)
	cmd.Stdin = r // a file, so that no goroutine of ours stands between
	// In a session of its own an interrupt from the terminal does not reach it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// Dir returns a fresh folder that any user may enter, unlike that of t.TempDir, and
// removes it with all its content at the end of the test. Servers drop their
// privileges, so what they serve has to lie in such a folder.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := removeDir(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// makeDir tells the watchdog first, so that no instant is left in which the test process
// could die and leave the folder behind.
func makeDir() (string, error) {
	dir := filepath.Join(os.TempDir(), "testbed-"+rand.Text())
	if err := tellReaper("+dir", dir); err != nil {
		return "", err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755) // whatever the umask is
}

func removeDir(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return tellReaper("-dir", dir)
}
