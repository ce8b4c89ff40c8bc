package ftpconn

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

// Two connections share what one may read, and the wait for it is no fault of the
// server's.
func TestLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limiter := rate.NewLimiter(1000, 500) // bytes a second
		begun := time.Now()
		read := make(chan error)
		for range 2 {
			client, server := net.Pipe()
			conn := newDeadlineConn(client, 10*time.Millisecond, limiter)
			go server.Write(make([]byte, 10_000))
			go func() {
				_, err := io.CopyN(io.Discard, conn, 10_000)
				read <- err
			}()
		}
		for range 2 {
			if err := <-read; err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun).Round(10 * time.Millisecond); took != 19500*time.Millisecond {
			t.Errorf("20,000 bytes took %s", took)
		}
	})
}

// What waits for the limiter ends when the connection is closed.
func TestLimiterClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		conn := newDeadlineConn(client, time.Minute, rate.NewLimiter(rate.Every(time.Hour), 1))
		go server.Write(make([]byte, 100))
		go func() {
			time.Sleep(time.Second)
			conn.Close()
		}()
		begun := time.Now()
		if _, err := io.Copy(io.Discard, conn); !errors.Is(err, net.ErrClosed) || time.Since(begun) != time.Second {
			t.Errorf("after %s: error %v", time.Since(begun), err)
		}
	})
}
