package database

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// TestHangingServerIsGivenUp connects to servers that take and say nothing.
func TestHangingServerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		where, err := Locate("mysql://me:secret@db.example/tracker")
		if err != nil {
			t.Fatal(err)
		}
		where.Server.DialFunc = func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			t.Cleanup(func() { theirs.Close() })
			return ours, nil
		}
		begin := time.Now()
		if db, err := ConnectMySQL(t.Context(), where.Server, false); err == nil {
			db.Close()
			t.Fatal("a server that says nothing is connected")
		}
		if took := time.Since(begin); took > 5*time.Minute {
			t.Errorf("it took %v to give up", took)
		}
	})
}
