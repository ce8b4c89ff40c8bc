// Package catalogue is the file system of a distributed FTP server: names in a database,
// and which slaves have the content of each file. It implements what control connections
// ask of a file system ([mirrortracker/internal/distftp/control.Writer]); it moves no bytes,
// and knows slaves only by what they are to do.
//
// # Nodes
//
// A node is a name in a directory: a file, a directory or a link. Directories are known by
// numbers, so that renaming one changes one row. The root has no row. The content of a file
// has a version, which is new with each upload; a copy is a slave's, of the file's present
// version.
//
// # One order
//
// Every transaction that changes names first locks the one row of the clock, and leaves it
// greater. So all changes, of all masters, are in one order. The clock's numbers are given
// away once: as numbers of nodes, versions, intents, operations and masters.
//
// What a change means for slaves is written in the same transaction, as intents
// ([mirrortracker/internal/distftp/wire.Intent]), each slave's in a chain of their own. They
// are delivered afterwards, by any master, until they are applied.
//
// Changes that are wanted at the same time are committed together, each on a savepoint of
// its own: a commit waits for the disk, whatever is in it.
//
// # Memory
//
// What was looked up is kept in memory, in bounded numbers ([Config].CacheEntries). This
// master's changes drop what they are about. Those of others show in the clock, which is
// looked at twice a second and at the beginning of each change: then all is dropped. A
// change that finds the clock where this master left it can therefore trust what is in
// memory.
//
// # Masters that die
//
// A master is registered under the clock at its start, and says every few seconds that it
// lives. The operations that it numbers, uploads and copies, are under way until it says
// otherwise or is dead: then slaves may forget what they have prepared for them. A master
// that was taken for dead and is not finds its row gone before it commits anything, and
// begins a new life, in which no operation of the one before is committed.
package catalogue
