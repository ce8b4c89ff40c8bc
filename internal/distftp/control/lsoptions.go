package control

import (
	"cmp"
	"strings"

	"mirrortracker/internal/distftp/vfs"
)

// lsOptions are the options of ls that mean something in LIST and NLST.
type lsOptions struct {
	dots      bool                     // -a: also "." and ".."
	hidden    bool                     // -a, -A: also names that begin with a dot
	self      bool                     // -d: a directory itself, not what is in it
	recursive bool                     // -R: also what is below
	order     func(a, b vfs.Entry) int // -t, -S, -r
}

// parseLsOptions takes the options of ls from the beginning of an argument. Clients send
// others too, such as -l, out of habit. "--" ends them. One blank separates; further ones
// belong to the path.
func parseLsOptions(arg string) (o lsOptions, path string) {
	o.order = byName
	reverse := false
	for strings.HasPrefix(arg, "-") {
		word, rest, _ := strings.Cut(arg, " ")
		arg = rest
		if word == "--" {
			break
		}
		if strings.HasPrefix(word, "--") {
			continue
		}
		for _, letter := range word {
			switch letter {
			case 'a':
				o.dots, o.hidden = true, true
			case 'A':
				o.hidden = true
			case 'd':
				o.self = true
			case 'R':
				o.recursive = true
			case 't':
				o.order = byTime
			case 'S':
				o.order = bySize
			case 'r':
				reverse = true
			}
		}
	}
	if forward := o.order; reverse {
		o.order = func(a, b vfs.Entry) int { return forward(b, a) }
	}
	return o, arg
}

// byName orders by the names' bytes.
func byName(a, b vfs.Entry) int { return strings.Compare(a.Name, b.Name) }

// byTime puts the latest first.
func byTime(a, b vfs.Entry) int { return cmp.Or(b.ModTime.Compare(a.ModTime), byName(a, b)) }

// bySize puts the largest first.
func bySize(a, b vfs.Entry) int { return cmp.Or(cmp.Compare(b.Size, a.Size), byName(a, b)) }
