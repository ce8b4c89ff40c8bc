package data

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// At a pace bytes take the time that they should, whichever way they go, and come in
// pieces that are not felt; what comes next pays for what came before.
func TestPace(t *testing.T) {
	const size, speed = 1 << 20, 256 << 10
	content := bytes.Repeat([]byte("line\n"), size/5+1)[:size]
	for name, move := range map[string]func(ctx context.Context, conn net.Conn, flow *Flow) error{
		"file": func(ctx context.Context, conn net.Conn, flow *Flow) error {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, content, 0o644); err != nil {
				return err
			}
			file, err := os.Open(path)
			if err != nil {
				return err
			}
			defer file.Close()
			return binary{file}.Send(ctx, conn, flow)
		},
		"listing": func(ctx context.Context, conn net.Conn, flow *Flow) error {
			return Text{Write: func(w io.Writer) error {
				_, err := w.Write(content)
				return err
			}}.Send(ctx, conn, flow)
		},
		"upload": func(ctx context.Context, conn net.Conn, flow *Flow) error {
			return incoming{file: &recorder{}}.Receive(ctx, conn, flow, nil)
		},
		"text upload": func(ctx context.Context, conn net.Conn, flow *Flow) error {
			return incoming{file: &recorder{}, text: true}.Receive(ctx, conn, flow, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pace := NewPace(speed)
				for round := range 2 {
					client, conn := net.Pipe()
					flow := &Flow{Stall: time.Minute, Pace: pace}
					began := time.Now()
					go func() {
						if name == "file" || name == "listing" {
							io.Copy(io.Discard, client)
							return
						}
						client.Write(content)
						client.Close()
					}()
					done := make(chan error)
					go func() { done <- move(t.Context(), conn, flow) }()
					time.Sleep(time.Second)
					synctest.Wait()
					if n := flow.Moved(); n < speed-speed/10 || n > speed+speed/10 {
						t.Errorf("%d bytes in the first second, of %d", n, speed)
					}
					if err := <-done; err != nil || flow.Moved() != size {
						t.Fatalf("%d bytes, %v", flow.Moved(), err)
					}
					conn.Close()
					// The first chunk of all is not waited for, and the last is paid for by the next transfer.
					want := time.Second * size / speed
					if took := time.Since(began); took < want*8/10 || took > want*11/10 {
						t.Errorf("round %d: took %v, want about %v", round, took, want)
					}
				}
			})
		})
	}
}

// Small files, one after the other, are kept to the rate like one large file.
func TestPaceOfSmallFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pace := NewPace(10_000)
		began := time.Now()
		for range 100 {
			flow := &Flow{Stall: time.Minute, Pace: pace}
			client, conn := net.Pipe()
			go io.Copy(io.Discard, client)
			w := flowing{t.Context(), conn, flow}
			if _, err := w.Write(make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			conn.Close()
		}
		if took := time.Since(began); took < 9*time.Second || took > 10*time.Second {
			t.Errorf("100,000 bytes at 10,000 a second took %v", took)
		}
	})
}

// Who waits for its turn does not outlast the transfer.
func TestPaceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		client, conn := net.Pipe()
		go io.Copy(io.Discard, client)
		defer conn.Close()
		began := time.Now()
		w := flowing{ctx, conn, &Flow{Stall: time.Minute, Pace: NewPace(1)}}
		_, err := w.Write(make([]byte, 10_000))
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}

// A pace takes what an account can be limited to, from nothing on.
func TestPaceOfAnyRate(t *testing.T) {
	if NewPace(0) != nil || NewPace(-1) != nil {
		t.Error("no limit has a pace")
	}
	for _, bytes := range []int64{1, 511, 1 << 10, 1 << 30, 1<<63 - 1} {
		p := NewPace(bytes)
		if p.chunk < 1 || p.chunk > step {
			t.Errorf("%d bytes a second move %d at once", bytes, p.chunk)
		}
		p.did(p.chunk)
		p.did(p.chunk)
		if wait := time.Until(p.due); wait < 0 && bytes < 1<<20 || wait > time.Hour {
			t.Errorf("%d bytes a second: %v to wait", bytes, wait)
		}
	}
}
