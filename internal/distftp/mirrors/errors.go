package mirrors

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
)

// What callers tell apart. Errors that have more to tell are types.
var (
	ErrNoAlias  = errors.New("no such alias")
	ErrNoEntry  = errors.New("no such mirror entry")
	ErrNoMember = errors.New("no such member")
	ErrLoop     = errors.New("it would lead round in a circle")
	ErrOurs     = errors.New("it is this very server")
)

// A TakenError says that there is an alias at a path already.
type TakenError struct{ Path mirror.Path }

// Error names the path.
func (e *TakenError) Error() string { return fmt.Sprintf("there is an alias %s already", e.Path) }

// A UsedError says that something is still needed elsewhere.
type UsedError struct {
	What    string        // "alias /a", "mirror entry 3"
	Entries []int         // those of which it is a member
	Dirs    []mirror.Path // those that are bound to it
}

// Error names where.
func (e *UsedError) Error() string {
	var in []string
	if len(e.Entries) > 0 {
		ids := make([]string, len(e.Entries))
		for i, id := range e.Entries {
			ids[i] = strconv.Itoa(id)
		}
		in = append(in, "it is a member of "+human.Plural(int64(len(ids)), "mirror entry", "mirror entries")+": "+strings.Join(ids, ", "))
	}
	if len(e.Dirs) > 0 {
		named, more := e.Dirs, ""
		if len(named) > 5 {
			named, more = named[:5], ", ..."
		}
		dirs := make([]string, len(named))
		for i, dir := range named {
			dirs[i] = string(dir)
		}
		in = append(in, human.Plural(int64(len(e.Dirs)), "directory is", "directories are")+" bound to it: "+strings.Join(dirs, ", ")+more)
	}
	return e.What + " is in use: " + strings.Join(in, "; ")
}

// A LinkedError says that a directory cannot be mirrored, as it is another server's, or
// that an alias cannot stand where it would make one so.
type LinkedError struct{ Dir, Alias mirror.Path }

// Error names both.
func (e *LinkedError) Error() string {
	return fmt.Sprintf("what is below the alias %s is another server's, and cannot be mirrored: %s", e.Alias, e.Dir)
}

// A ConfiguredError says that a directory is bound by the configuration, which commands
// do not change.
type ConfiguredError struct{ Dir mirror.Path }

// Error names the key.
func (e *ConfiguredError) Error() string {
	return fmt.Sprintf("%s is mirrored by auto_mirror in the configuration", e.Dir)
}
