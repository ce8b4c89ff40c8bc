package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"mirrortracker/internal/bench/link"
	"mirrortracker/internal/ui"
)

// inside runs this program again in a network of its own (network_namespaces(7)), where
// nobody else takes ports.
func inside(p *program) error {
	cmd := exec.CommandContext(p, "/proc/self/exe", append(os.Args[1:], "--inside")...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Setpgid: true, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		return ui.ErrFailed
	}
	if err != nil {
		return ui.Hint(fmt.Errorf("make a network: %w", err), "run it as root")
	}
	return nil
}

// prepare makes the network ready. A thousand connections a second, each of which is
// remembered for a minute after its end (TIME-WAIT), would take all ports there are.
func prepare() error {
	return errors.Join(
		link.Loopback(),
		os.WriteFile("/proc/sys/net/ipv4/tcp_max_tw_buckets", []byte("1000"), 0),
	)
}
