package foreign

import "mirrortracker/internal/ftpconn"

// A Conn is a control connection, logged in and in binary mode, that is checked out of
// its pool by one user. It must be given back ([Conn.Release]).
type Conn struct {
	*ftpconn.Conn
	pool *Pool
}
