package data

import (
	"context"
	"errors"
	"io"
	"mirrortracker/internal/testbed"
	"net"
	"strings"
	"testing"
	"time"
)

// met is a meeting that has taken place.
type met struct{ net.Conn }

func (m met) Meet(context.Context) (net.Conn, error) { return m.Conn, nil }
func (m met) Close() error                           { return nil }

// A client that closes a connection which it did not want has read nothing, though all of
// a small file went into the connection.
func TestParting(t *testing.T) {
	for _, c := range []struct {
		name string
		wary bool
		read bool
		err  error
	}{
		{"wanted", true, true, nil},
		{"unwanted", true, false, errReset},
		{"broken off", false, false, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			near, far := testbed.TCPPair(t)
			started := make(chan struct{})
			go func() {
				<-started
				if c.read {
					io.Copy(io.Discard, far)
				} else {
					io.ReadFull(far, make([]byte, 1)) // it has come, then
				}
				far.Close()
			}()
			plan := Plan{
				Source: Text{Write: func(w io.Writer) error { _, err := io.WriteString(w, strings.Repeat("x", 1000)); return err }, Release: func() error { return nil }},
				Meet:   met{near}, Flow: &Flow{Stall: time.Minute}, Parting: time.Minute, Wary: c.wary,
			}
			if err := plan.Execute(t.Context(), func() { close(started) }); !errors.Is(err, c.err) {
				t.Errorf("%v", err)
			}
		})
	}
}
