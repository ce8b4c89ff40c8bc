package account

import (
	"fmt"
	"strings"
)

// Verbs are things that may be done to a path, any number of them.
type Verbs uint16

// The verbs, each with what it covers. Admin and FXP concern the server as a whole and
// are asked for with the root as their path.
const (
	List   Verbs = 1 << iota // change to a directory, list it, learn an entry's size and dates
	Read                     // fetch a file, or its checksum
	Write                    // make a file under a free name, change dates and modes; with Delete, replace a file
	Append                   // add to a file that is there, or resume its upload
	Delete                   // delete a file or a directory
	Rename                   // asked for both names
	Mkdir                    // make a directory
	Admin                    // the commands for administrators
	FXP                      // data connections with other hosts than the client, which is how files go from server to server (RFC 2577, 3)

	// All is every verb that concerns files: whoever may do more is named as such.
	All = List | Read | Write | Append | Delete | Rename | Mkdir
)

// verbNames are in the order of the bits.
var verbNames = []string{"list", "read", "write", "append", "delete", "rename", "mkdir", "admin", "fxp"}

// ParseVerbs reads what [Verbs.String] writes: names with commas between them, or "all".
func ParseVerbs(text string) (Verbs, error) {
	var set Verbs
	for name := range strings.SplitSeq(text, ",") {
		verb, ok := verbNamed(name)
		if !ok {
			return 0, fmt.Errorf("verb %q: want all, or some of %s", name, strings.Join(verbNames, ","))
		}
		set |= verb
	}
	return set, nil
}

func verbNamed(name string) (Verbs, bool) {
	if name == "all" {
		return All, true
	}
	for i, known := range verbNames {
		if name == known {
			return 1 << i, true
		}
	}
	return 0, false
}

// Each returns the verbs of a set one by one.
func (v Verbs) Each() []Verbs {
	var all []Verbs
	for i := range verbNames {
		if verb := Verbs(1) << i; v&verb != 0 {
			all = append(all, verb)
		}
	}
	return all
}

// String writes the names: "list,read", "all", "all,admin".
func (v Verbs) String() string {
	var names []string
	if v&All == All {
		names, v = append(names, "all"), v&^All
	}
	for i, name := range verbNames {
		if v&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}
