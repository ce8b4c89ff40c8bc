package data

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/testbed"
)

// A relay passes on what comes, by the kernel or without it, and tells whose fault it is
// when it cannot.
func TestRelay(t *testing.T) {
	content := make([]byte, 3<<20+17)
	rand.NewChaCha8([32]byte{}).Read(content)
	for name, connect := range map[string]func(testing.TB) (near, far net.Conn){"tcp": testbed.TCPPair, "other": overPipe} {
		t.Run(name, func(t *testing.T) {
			t.Run("whole", func(t *testing.T) {
				got, flow, err := relayed(t, connect, content, Relay{Size: int64(len(content))}, &Flow{Stall: time.Minute})
				if err != nil || !bytes.Equal(got, content) || flow.Moved() != int64(len(content)) {
					t.Errorf("%d bytes came, %d counted, %v", len(got), flow.Moved(), err)
				}
			})
			t.Run("of unknown size", func(t *testing.T) {
				if got, _, err := relayed(t, connect, content, Relay{Size: -1}, &Flow{Stall: time.Minute}); err != nil || !bytes.Equal(got, content) {
					t.Errorf("%d bytes came, %v", len(got), err)
				}
			})
			t.Run("a part", func(t *testing.T) {
				got, _, err := relayed(t, connect, content, Relay{Size: -1}, &Flow{Stall: time.Minute, Most: 1000})
				if !errors.Is(err, errFull) || !bytes.Equal(got, content[:1000]) {
					t.Errorf("%d bytes came, %v", len(got), err)
				}
			})
			t.Run("too short", func(t *testing.T) {
				_, _, err := relayed(t, connect, content[:1<<20], Relay{Size: int64(len(content))}, &Flow{Stall: time.Minute})
				if !errors.Is(err, ErrSource) {
					t.Errorf("%v", err)
				}
			})
		})
		t.Run(name+", nothing comes", func(t *testing.T) {
			from, _ := connect(t)
			to, _ := connect(t)
			err := Relay{From: from, Size: -1}.Send(t.Context(), to, &Flow{Stall: time.Millisecond})
			if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.Is(err, ErrSource) {
				t.Errorf("%v", err)
			}
		})
		t.Run(name+", nothing is taken", func(t *testing.T) {
			from, far := connect(t)
			go far.Write(make([]byte, 64<<20))
			to, _ := connect(t)
			err := Relay{From: from, Size: -1}.Send(t.Context(), to, &Flow{Stall: 50 * time.Millisecond})
			if !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, ErrSource) {
				t.Errorf("%v", err)
			}
		})
		t.Run(name+", more than may", func(t *testing.T) {
			from, far := connect(t)
			go func() {
				far.Write(content)
				far.Close()
			}()
			to, taker := connect(t)
			go io.Copy(io.Discard, taker)
			quota := &Quota{Left: 2 << 20, Taken: new(atomic.Int64)}
			if err := relay(t.Context(), to, from, &Flow{Stall: time.Minute}, quota); !errors.Is(err, vfs.ErrQuota) {
				t.Errorf("%v", err)
			}
		})
	}
}

// relayed has a relay pass on a content that comes over another connection.
func relayed(t *testing.T, connect func(testing.TB) (near, far net.Conn), content []byte, r Relay, flow *Flow) ([]byte, *Flow, error) {
	t.Helper()
	from, holder := connect(t)
	go func() {
		holder.Write(content)
		holder.Close()
	}()
	to, client := connect(t)
	came := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(client)
		came <- all
	}()
	r.From = from
	err := r.Send(t.Context(), to, flow)
	to.Close()
	return <-came, flow, err
}

func overPipe(t testing.TB) (near, far net.Conn) {
	near, far = net.Pipe()
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}
