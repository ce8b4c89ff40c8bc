package siege

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
)

// attack opens many connections at a time, from several addresses, and holds them until
// its input ends: what a plan says as "TARGET CONNECTIONS FIRST ADDRESSES".
func attack(plan string) int {
	var addr string
	var n, first, addresses int
	if _, err := fmt.Sscan(plan, &addr, &n, &first, &addresses); err != nil {
		fmt.Println(err)
		return 2
	}
	conns := make([]net.Conn, n)
	var next, open atomic.Int64
	var dialling sync.WaitGroup
	for range 256 {
		dialling.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				conn, err := dialFrom(addr, attacker(first+i%addresses))
				if err == nil {
					conns[i] = conn
					open.Add(1)
				}
			}
		})
	}
	dialling.Wait()
	fmt.Printf("open %d\n", open.Load())
	io.Copy(io.Discard, os.Stdin)
	return 0
}

// attacker returns one of the addresses that attacks come from.
func attacker(i int) string { return fmt.Sprintf("127.%d.%d.%d", 1+i>>16, i>>8&0xff, i&0xff) }

// flood lets attackers open connections in other processes, as many as one may not have,
// and returns when all are open. The function ends them.
func flood(t *testing.T, addr string, processes, each, addresses int) (end func()) {
	t.Helper()
	type attacker struct {
		cmd   *exec.Cmd
		stdin io.Closer
		open  int
	}
	attackers := make([]attacker, processes)
	var starting sync.WaitGroup
	for i := range attackers {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("SIEGE_ATTACK=%s %d %d %d", addr, each, i*addresses, addresses))
		stdin, errIn := cmd.StdinPipe()
		stdout, errOut := cmd.StdoutPipe()
		if errIn != nil || errOut != nil {
			t.Fatal(errIn, errOut)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		a := &attackers[i]
		a.cmd, a.stdin = cmd, stdin
		starting.Go(func() {
			line, _ := bufio.NewReader(stdout).ReadString('\n')
			fmt.Sscanf(line, "open %d", &a.open)
		})
	}
	starting.Wait()
	open := 0
	for _, a := range attackers {
		open += a.open
	}
	if open < processes*each*9/10 {
		t.Errorf("only %d of %d connections were made", open, processes*each)
	}
	return func() {
		for _, a := range attackers {
			a.stdin.Close()
			a.cmd.Wait()
		}
	}
}

// site makes a folder with the file that guests fetch.
func site(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/hello", []byte(greeting), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Connections by the ten thousand, twenty thousand at a time, from few addresses or
// from many, keep nobody else out.
func TestConnections(t *testing.T) {
	s := serve(t, site(t))
	leave := guests(t, s.addr)
	for _, addresses := range few {
		flood(t, s.addr, 2, 10_000, addresses)()
	}
	if again := leave(); again > 0 {
		t.Errorf("%d times guests were sent away for others that have more", again)
	}
	leave = guests(t, s.addr)
	for _, addresses := range many {
		flood(t, s.addr, 2, 10_000, addresses)()
	}
	leave()
	s.stayed(t, 150)
	if !s.logged(t, "refused") || !s.logged(t, "held_back=") {
		t.Error("the log does not tell of refused clients, and how many more there were")
	}
	if t.Failed() {
		return
	}
	if err := visit(s.addr, guestsComeFrom+"1"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// With few descriptors there are fewer sessions, but no fewer guests.
func TestDescriptors(t *testing.T) {
	s := serveUnder(t, []string{"sh", "-c", `ulimit -n 300 && exec "$@"`, "sh"}, site(t))
	leave := guests(t, s.addr)
	end := flood(t, s.addr, 1, 2000, 10)
	if again := leave(); again > 0 {
		t.Errorf("%d guests were sent away", again)
	}
	end()
	s.stayed(t, 100)
	if !s.logged(t, "fewer sessions than configured") || s.logged(t, "too many open files") {
		t.Error("the log does not tell of the limit, or it was reached")
	}
}
