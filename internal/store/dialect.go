package store

import (
	"fmt"
	"strings"

	"mirrortracker/internal/database"
)

// A dialect holds everything that differs between the two databases, but for
// how they are opened.
type dialect struct {
	*database.Dialect

	// size is a query for the bytes that the database takes; count, if there is
	// one, is what makes the server count them anew.
	count, size string

	// upsert follows the row of an INSERT: if it is there already, the columns
	// named in set get the new values. key names the columns of the primary key.
	upsert func(key string, set ...string) string
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
