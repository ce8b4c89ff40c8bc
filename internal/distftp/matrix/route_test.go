package matrix

import (
	"cmp"
	"net/netip"
	"slices"
	"testing"
)

// A route is between whom a file's bytes went.
type route string

const (
	direct  route = "direct"  // the client and the one that has the file
	relayed route = "relayed" // the client and the master
)

// Do the same clients get and leave the same where slaves have the files, and do they,
// who can, exchange them with the slaves?
func TestMatrixWithSlaves(t *testing.T) {
	cells := sample(clients, every)
	if *all {
		cells = allCells()
	}
	startHolders(t).tryAll(t, cells)
}

// routed tries a cell, and checks by the client's packets which way a file went.
func (j *job) routed(try func()) {
	capture, err := j.at.Capture()
	j.must(err)
	try()
	moved, err := capture.Stop()
	j.must(err)
	if want, transfer := j.server.holders.routes(j.cell); transfer {
		if got := j.server.holders.route(moved); got != want {
			j.Errorf("the file went %s, want %s: %v", got, want, moved)
			j.report()
		}
	}
}

// route tells it by what was exchanged with whom, control connections left out.
func (h *holders) route(moved map[netip.AddrPort]int64) route {
	var byHolders, byMaster int64
	doors := h.doors()
	for at, n := range moved {
		switch {
		case slices.Contains(doors, at.String()):
		case h.holds(at.Addr()):
			byHolders += n
		default:
			byMaster += n
		}
	}
	if byHolders > byMaster {
		return direct
	}
	return relayed
}

// doors are where control connections go.
func (h *holders) doors() (all []string) {
	for _, ipv6 := range []bool{false, true} {
		clear, implicit := h.master.Doors(ipv6)
		all = append(all, clear, implicit)
	}
	return all
}

// transfers of files, as operations.
var fileTransfers = []string{"download", "resumed download", "upload", "resumed upload"}

// relays tells why an operation of the client's is relayed in a way; "" if the client and
// the slave exchange the file themselves.
func (c *client) relays(way, operation string) string {
	return cmp.Or(c.relayed[way+" "+operation], c.relayed[way])
}

// routes says which way the file of a cell must go, if the cell is about one and it is known.
func (c *client) routes(of cell) (want route, known bool) {
	switch way := of.way.String(); {
	case !slices.Contains(fileTransfers, of.operation.name), c.mayFollow == way:
		return "", false
	case c.relays(way, of.operation.name) != "":
		return relayed, true
	}
	return direct, true
}

// What is said to be relayed is something that the client does.
func TestRelayed(t *testing.T) {
	for _, c := range clients {
		for key := range c.relayed {
			known := slices.ContainsFunc(c.cells(), func(cell cell) bool {
				return key == cell.way.String() || key == cell.way.String()+" "+cell.operation.name
			})
			if !known {
				t.Errorf("%s: nothing is %q", c.name, key)
			}
		}
	}
}

// Why files are relayed.
const (
	namesNoHost  = "the reply to EPSV names no host"
	ownAddress   = "goes to the address of its control connection, whatever the reply to PASV names"
	refusesOther = "takes the reply to PASV for wrong if it names another address than that of the control connection, so it is not given one"
	noHint       = "says nothing of the file before PASV or EPSV; later, at an address that is known to go where it is sent, it is direct"
	onlyMaster   = "accepts data connections from the address of the control connection alone"
)
