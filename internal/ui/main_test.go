package ui

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
)

// mainMode makes the test binary be a program that waits until it is told to end:
// it says "ready", and then reads a line.
const mainMode = "UI_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainMode) != "" {
		Main(func(ctx context.Context, env *Env, args []string) Exit {
			fmt.Fprintln(env.Stdout, "ready")
			asked := make(chan struct{})
			go func() {
				bufio.NewReader(env.Stdin).ReadString('\n')
				close(asked)
			}()
			select {
			case <-ctx.Done():
			case <-asked:
				return 10
			}
			fmt.Fprintln(env.Stdout, "ending")
			<-asked
			return 20
		})
	}
	os.Exit(m.Run())
}

// Signals end a program in order: 20 is the code of one that saw its context
// cancelled, 10 of one that did not.
func TestSignals(t *testing.T) {
	const hup, interrupt, term = syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM
	// What these tests were started by may ignore it, and programs take that over.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, hup)
	t.Cleanup(func() { signal.Stop(hangups) })
	for name, c := range map[string]struct {
		nohup bool
		first syscall.Signal
		again syscall.Signal // 0 for none
		code  int
	}{
		"interrupt":                 {false, interrupt, 0, 20},
		"terminated":                {false, term, 0, 20},
		"terminal closed":           {false, hup, 0, 20},
		"terminal closed, and told": {false, hup, hup, 20},
		"nohup":                     {true, hup, 0, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := `exec "$0"`
			if c.nohup {
				line = `trap "" HUP; ` + line
			}
			cmd := exec.Command("sh", "-c", line, os.Args[0])
			cmd.Env = append(os.Environ(), mainMode+"=1", "GORACE=atexit_sleep_ms=0")
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			said := bufio.NewScanner(stdout)
			said.Scan()
			cmd.Process.Signal(c.first)
			if !c.nohup {
				said.Scan() // it is ending
			}
			if c.again != 0 {
				cmd.Process.Signal(c.again)
			}
			fmt.Fprintln(stdin)
			err = cmd.Wait()
			if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != c.code {
				t.Errorf("%v, want exit code %d", err, c.code)
			}
		})
	}
}
