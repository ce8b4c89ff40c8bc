// Package database opens the databases that the programs keep their state in, SQLite or
// MySQL and MariaDB, brings their tables up to date, and runs transactions on them.
//
// A [DB] is for a package that has its own tables and does the same with both kinds: what
// differs is in its [Dialect]. Several packages may share one. The tracker's store, which
// has more to do with its files and connections, is built from the same parts.
package database
