// Package migrations holds the tables of the tracker's database, one folder for
// each database that it can be kept in. The files are numbered, run in order,
// each once, by goose (https://pressly.github.io/goose/).
//
// Both folders have the same file names. A file has one statement, because
// MySQL and MariaDB commit after each one that changes a table, so that a file
// of several could be left half applied. There is no way back: a table is
// changed by adding to it, deploying, and only then taking away.
package migrations

import "embed"

// MySQL has the folder mysql, for MySQL and MariaDB.
//
//go:embed mysql/*.sql
var MySQL embed.FS

// SQLite has the folder sqlite.
//
//go:embed sqlite/*.sql
var SQLite embed.FS
