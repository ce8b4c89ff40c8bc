package matrix

import (
	"slices"
	"testing"

	"mirrortracker/internal/testbed"
)

// A client is a program or a library that others wrote.
type client struct {
	name    string
	needs   []string                // programs and packages, as [testbed.Need] knows them
	version func(*testing.T) string // of what is installed

	// lacks says what the client cannot do by itself, and why: the names of ways,
	// protections and operations. All others are tried.
	lacks map[string]string
	// apart says which ways and protections do not go together, and why, though the
	// client has both.
	apart map[[2]string]string

	// relayed says in which ways, or ways and operations, a file does not go between the
	// client and the slave that has it, and why. All others must.
	relayed map[string]string
	// relayedAbroad says the same of foreign servers, besides.
	relayedAbroad map[string]string
	// mayFollow is a way that is relayed with the newest version, and not with older ones.
	mayFollow string

	// How it is driven. What is nil must be lacking. Names are those of the server, in
	// the folder of the job.
	fetch  func(j *job, name string)          // into j.local(), from where that ends if j.resume
	store  func(j *job, name string)          // from j.local(), from where the server's file ends if j.resume
	list   func(j *job, name string) []string // the names in a directory, in any order
	rename func(j *job, from, to string)
	remove func(j *job, name string)
}

// clients are those of the matrix.
var clients = []*client{
	curl, wget, lftp, ncftp, tnftp, inetutils, aria2, busybox, axel, ftplib, netftp, apt, jlaffaye, rclone,
}

// A cell is one thing that a client does in one mode.
type cell struct {
	client *client
	way
	protection
	operation *operation
}

// cells are all that a client is able to do.
func (c *client) cells() (all []cell) {
	for _, w := range ways {
		for _, p := range protections {
			for _, o := range operations {
				if c.can(w.String()) && c.can(string(p)) && c.can(o.name) && c.apart[[2]string{w.String(), string(p)}] == "" {
					all = append(all, cell{c, w, p, o})
				}
			}
		}
	}
	return all
}

// can reports whether a client does not lack something.
func (c *client) can(name string) bool { return c.lacks[name] == "" }

// allCells are those of all clients.
func allCells() (all []cell) {
	for _, c := range clients {
		all = append(all, c.cells()...)
	}
	return all
}

// need skips the test where the client is not installed.
func (c *client) need(t *testing.T) {
	t.Helper()
	for _, name := range c.needs {
		testbed.Need(t, name)
	}
}

// columns are the names of all that a client may lack.
func columns() (names []string) {
	for _, w := range ways {
		names = append(names, w.String())
	}
	for _, p := range protections {
		names = append(names, string(p))
	}
	for _, o := range operations {
		names = append(names, o.name)
	}
	return names
}

// What is declared must be consistent: what cannot be driven is said to be lacking, and
// what is lacking is something that there is.
func TestDeclarations(t *testing.T) {
	known := columns()
	for _, c := range clients {
		for name := range c.lacks {
			if !slices.Contains(known, name) {
				t.Errorf("%s lacks %q, which is no column", c.name, name)
			}
		}
		for name, able := range map[string]bool{
			"download": c.fetch != nil, "upload": c.store != nil, "listing": c.list != nil,
			"rename": c.rename != nil, "delete": c.remove != nil,
		} {
			if able != c.can(name) {
				t.Errorf("%s: %s can be driven: %v, declared: %v", c.name, name, able, c.can(name))
			}
		}
		if len(c.cells()) == 0 {
			t.Errorf("%s has no cells", c.name)
		}
	}
}
