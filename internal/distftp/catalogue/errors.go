package catalogue

import (
	"errors"
	"fmt"
	"io/fs"
)

// What callers tell apart, besides the errors of the FTP server's file systems.
var (
	ErrNoSlave = errors.New("no such slave")
	ErrStorage = errors.New("its storage folders are others than when it last joined")
	ErrPending = errors.New("changes must reach the slave first")
	ErrAhead   = errors.New("the slave knows of changes that the database does not: it was made from an older copy")
	ErrOnly    = errors.New("files would be lost")
	ErrLease   = errors.New("somebody else does it now")
	ErrFenced  = errors.New("this master was taken for dead by another one")
)

// errGone says that what a number names is not there any more.
var errGone = fmt.Errorf("it is gone: %w", fs.ErrNotExist)
