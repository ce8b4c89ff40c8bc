package segment

import "errors"

// Errors that a [Builder] wraps together with the identity of the tree at
// fault. Reading the same trees again would end the same way, but for
// ErrMissing.
var (
	ErrText    = errors.New("the text is not that of a tree")
	ErrMissing = errors.New("a directory in it is missing")
	ErrCycle   = errors.New("it stands below itself")
	ErrTooDeep = errors.New("too many directories stand below each other")
)

// ErrFormat says that a file is no segment, or not one of this version, or
// damaged.
var ErrFormat = errors.New("not a segment")

// ErrFoundation says that a segment was built upon other segments than those
// below it.
var ErrFoundation = errors.New("the segment stands upon others")
