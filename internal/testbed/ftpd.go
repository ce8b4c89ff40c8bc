package testbed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
)

// FTPD builds our own FTP server, once for all tests of a process, and returns the path
// of the program. It has the race detector where the tests have it.
var FTPD = sync.OnceValues(func() (path string, err error) {
	dir, err := makeDir()
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "ftpd")
	args := []string{"build", "-o", path}
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, "mirrortracker/cmd/ftpd")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build ftpd: %w\n%s", err, out)
	}
	return path, os.Chmod(dir, 0o755)
})
