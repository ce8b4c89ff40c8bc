package catalogue

import (
	"errors"
	"time"

	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
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

// A SlaveID is a slave's number. It is never given away again.
type SlaveID uint64

// A Holder is a slave that has a file's content.
type Holder struct {
	Slave SlaveID
	After uint64 // the intent that it must have applied to have it under its path
}

// A File is a plain file, and where its content is.
type File struct {
	Node    uint64
	Ref     wire.Ref // its path has no links
	Sums    wire.Sums
	Summed  bool // the sums are known
	ModTime time.Time
	Owner   string
	Holders []Holder
}

// A Target is where an upload goes.
type Target struct {
	Path mirror.Path // links in the directories above resolved
	Old  *File       // what it replaces, if that is a file
}

// An Arrival is content that a slave has prepared, and that is to be a file's.
type Arrival struct {
	Path     mirror.Path
	Slave    SlaveID
	Prepared wire.Prepared
	Base     *wire.Ref // the content that it goes on from, which must still be the file's; nil: whatever is there is replaced
	Owner    string
	ModTime  time.Time // zero: now
}

// Committed is what became of it.
type Committed struct {
	File File
	Seq  uint64 // of the intent to publish it
}

// A Slave is one that was enrolled.
type Slave struct {
	ID      SlaveID
	Name    string
	Storage string // the identity of its storage folders; "": it has never joined
	Last    uint64 // the last intent for it
	Applied uint64 // the last that it has said to have applied

	// When it had applied SyncSeq, its names were what they should be, and this was their
	// digest; 0: that was never so.
	SyncSeq    uint64
	SyncDigest wire.SyncDigest

	Drain   bool       // it is to be emptied
	Trusted bool       // it may have the masters' certificate
	Added   time.Time  // when it was enrolled
	Seen    time.Time  // when it last reported to any master; zero: never
	Report  wire.State // what it said then
}

// Reconciled says what was different in a directory of a slave.
type Reconciled struct {
	Adopted  int // files that nobody knew
	Copies   int // files that are equal to what is known
	Collided int // files that had to be given another name
	Removed  int // files that the slave should not have
	Missing  int // files that it should have

	Unsummed []string // names of files of which the checksum is needed
}

// A Job is something to be done by any of the masters, once.
type Job struct {
	ID      uint64
	Kind    string
	Node    uint64  // what it is about, or 0
	Slave   SlaveID // likewise
	Detail  []byte
	Tries   int       // that failed
	Due     time.Time // not before
	Note    string    // what became of the last try
	Running bool      // a master does it now

	asked int64 // when it was claimed
}

// The kinds of jobs that come from changes of names.
const (
	SettleJob = "settle" // Node has changed: look at its copies
	SweepJob  = "sweep"  // a directory was renamed: look at all files
)

// A Master is one that is running.
type Master struct {
	ID   uint64 // the clock when it started
	Name string
	Seen time.Time
}
