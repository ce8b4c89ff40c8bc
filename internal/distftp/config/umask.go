package config

import (
	"fmt"
	"io/fs"
	"strconv"
)

// A Umask is what is taken away from the modes of new files and directories. It is
// written as umask(1) takes it: "022". It is a struct so that a bare number, of which
// nobody would know whether it is octal, is refused.
type Umask struct{ Mask fs.FileMode }

// UnmarshalText reads three or four octal digits, the first of four being 0.
func (u *Umask) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 8, 32)
	if err != nil || len(text) < 3 || n > 0o777 {
		return fmt.Errorf(`%q is not a umask such as "022"`, text)
	}
	u.Mask = fs.FileMode(n)
	return nil
}

// String writes what UnmarshalText reads.
func (u Umask) String() string { return fmt.Sprintf("%03o", uint32(u.Mask)) }
