package matrix

import (
	"flag"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

var all = flag.Bool("all", false, "try all cells, and not only a sample of them")

// Does every client of others get and leave there what it should, however it connects?
func TestMatrix(t *testing.T) {
	cells := sample(clients, every)
	if *all {
		cells = allCells()
	}
	if passed := startServer(t).tryAll(t, cells); *write && *all && passed == len(cells) {
		writeDocumentation(t)
	}
}

// tryAll tries cells, and returns how many passed.
func (s *server) tryAll(t *testing.T, cells []cell) int {
	var passed atomic.Int32
	t.Run("cells", func(t *testing.T) {
		for i, c := range cells {
			t.Run(c.String(), func(t *testing.T) {
				t.Parallel()
				c.client.need(t)
				j := &job{T: t, cell: c, server: s, folder: fmt.Sprintf("%scell-%04d", s.above, i), home: t.TempDir()}
				if s.holders == nil {
					j.try()
				} else {
					j.at = s.holders.client(t, i)
					j.routed(j.try)
				}
				if !t.Failed() {
					passed.Add(1)
				}
			})
		}
	})
	return int(passed.Load())
}

// String names a cell as -run can.
func (c cell) String() string {
	return strings.Join([]string{c.client.name, c.way.String(), string(c.protection), c.operation.name}, "/")
}

// try tries a cell.
func (j *job) try() {
	j.must(j.server.stock.makeDir(j.path("")))
	defer func() {
		if j.Failed() {
			j.report()
		}
	}()
	j.operation.try(j, j.client)
	j.meant()
}

// saw checks that one of the client's sessions sent one of the commands.
func (j *job) saw(commands ...string) {
	j.Helper()
	for _, s := range j.sessions() {
		for _, c := range s.commands {
			if slices.ContainsFunc(commands, func(want string) bool { return c == want || strings.HasPrefix(c, want+" ") }) {
				return
			}
		}
	}
	j.Errorf("the server has seen none of %q", commands)
}

// meant checks that the client did what it did in the mode that is being tried.
func (j *job) meant() {
	j.Helper()
	for _, s := range j.sessions() {
		for _, w := range s.ways() {
			if w != j.way {
				j.Errorf("a data connection by %s, want %s", w, j.way)
			}
		}
		if !s.under(j.protection) {
			j.Errorf("a session without %s", j.protection)
		}
		if ipv6 := strings.HasPrefix(s.client, "["); ipv6 != j.ipv6 {
			j.Errorf("a session from %s", s.client)
		}
	}
}

// sessions are those that the client has had until now.
func (j *job) sessions() []session {
	j.Helper()
	sessions, err := j.server.trace.of(path.Base(j.folder), j.server.addrs[door{ipv6: j.ipv6}])
	j.must(err)
	if j.at == nil {
		return sessions
	}
	return slices.DeleteFunc(sessions, func(s session) bool { // those of the test itself
		client, err := netip.ParseAddrPort(s.client)
		return err != nil || client.Addr() != j.at.IPv4 && client.Addr() != j.at.IPv6
	})
}

// report logs what the client said, and to the server.
func (j *job) report() {
	for _, said := range j.said {
		j.Logf("the client: %.3000s", said)
	}
	for _, s := range j.sessions() {
		j.Logf("the server: %s: %.3000q %q", s.client, s.commands, s.failures)
	}
}
