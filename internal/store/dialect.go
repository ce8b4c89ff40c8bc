package store

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// A dialect holds everything that differs between the two databases, but for
// how they are opened.
type dialect struct {
	goose      goose.Dialect
	migrations fs.FS
	locker     func() (lock.Locker, error) // of migrations; nil where every one is a transaction

	// now is the database's clock, in Unix milliseconds, as an expression.
	now string

	// size is a query for the bytes that the database takes; count, if there is
	// one, is what makes the server count them anew.
	count, size string

	// skip follows the rows of an INSERT whose key is the given column: those
	// that are there already stay as they are and are not counted.
	skip func(key string) string

	// upsert follows the row of an INSERT: if it is there already, the columns
	// named in set get the new values. key names the columns of the primary key.
	upsert func(key string, set ...string) string

	// lost reports whether a transaction failed because of another one, and
	// should be run again. A duplicate key is such a case: every INSERT here
	// follows a look whether the row is there, or has one of the clauses above.
	lost func(error) bool
}

// assignments writes how each column gets a new value, in which %s is its name.
func assignments(columns []string, value string) string {
	var b strings.Builder
	for i, column := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s = "+value, column, column)
	}
	return b.String()
}
