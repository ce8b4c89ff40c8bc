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

// settings of the network. Thousands of connections a second, each of which is remembered
// for a minute after its end (TIME-WAIT), would take all ports there are. Congestion
// control that estimates how fast a network is, as BBR does, finds a busy machine's
// loopback slow at random.
var settings = map[string]string{
	"tcp_max_tw_buckets":     "1000",
	"tcp_congestion_control": "reno",
}

// prepare makes the network ready.
func prepare() error {
	errs := []error{link.Loopback()}
	for name, value := range settings {
		errs = append(errs, os.WriteFile("/proc/sys/net/ipv4/"+name, []byte(value), 0))
	}
	return errors.Join(errs...)
}
