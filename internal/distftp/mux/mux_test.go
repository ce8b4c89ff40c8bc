package mux

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var patient = Patience{Ping: time.Second, Answer: 2 * time.Second}

// join has a handler answer what a client asks, until the test ends.
func join(t testing.TB, h http.HandlerFunc) *Client {
	t.Helper()
	here, there := net.Pipe()
	c := NewClient(here, patient)
	var serving sync.WaitGroup
	serving.Go(func() { _ = Serve(t.Context(), there, patient, h, slog.New(slog.DiscardHandler)) })
	t.Cleanup(func() {
		c.Close()
		serving.Wait()
	})
	return c
}

// get asks with a body.
func get(ctx context.Context, c http.RoundTripper, path string, body []byte) (*http.Response, error) {
	req := http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: path},
		Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)),
	}
	return c.RoundTrip(req.WithContext(ctx))
}

func TestBodiesComeThrough(t *testing.T) {
	c := join(t, func(w http.ResponseWriter, req *http.Request) {
		if req.Method != http.MethodPost || req.URL.Path != "/echo" {
			t.Errorf("asked %s %s", req.Method, req.URL)
		}
		text, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write(text)
	})
	var asking sync.WaitGroup
	for _, size := range []int{0, 1, maxPayload - 12, maxPayload - 11, maxPayload, window, window + 1, 5*window + 7} {
		for range 3 {
			asking.Go(func() {
				want := bytes.Repeat(fmt.Append(nil, size, ","), size)[:size]
				res, err := get(t.Context(), c, "/echo", want)
				if err != nil {
					t.Error(err)
					return
				}
				defer res.Body.Close()
				got, err := io.ReadAll(res.Body)
				if err != nil || res.StatusCode != http.StatusConflict || !bytes.Equal(got, want) {
					t.Errorf("status %d and %d bytes came of %d: %v", res.StatusCode, len(got), size, err)
				}
			})
		}
	}
	asking.Wait()
	c.conn.mu.Lock()
	defer c.conn.mu.Unlock()
	if n := len(c.conn.streams); n > 0 {
		t.Errorf("%d requests are not forgotten", n)
	}
}

// Parts of an answer come as they are flushed.
func TestPartsAreFlushed(t *testing.T) {
	more := make(chan struct{}, 1)
	c := join(t, func(w http.ResponseWriter, _ *http.Request) {
		out := http.NewResponseController(w)
		for range more {
			_, _ = io.WriteString(w, "part")
			if err := out.Flush(); err != nil {
				t.Error(err)
			}
		}
	})
	var res *http.Response
	for range 3 {
		more <- struct{}{}
		if res == nil {
			var err error
			if res, err = get(t.Context(), c, "/", nil); err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
		}
		part := make([]byte, 4)
		if _, err := io.ReadFull(res.Body, part); err != nil || string(part) != "part" {
			t.Fatalf("%q, %v", part, err)
		}
	}
	close(more)
	if n, err := res.Body.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("%d bytes more, %v", n, err)
	}
}

// What nobody reads stops who sends it, and nobody else.
func TestUnreadAnswersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		c := join(t, func(w http.ResponseWriter, req *http.Request) {
			for req.URL.Path == "/endless" {
				n, err := w.Write(make([]byte, 1000))
				if err != nil {
					return
				}
				sent += n
			}
		})
		res, err := get(t.Context(), c, "/endless", nil)
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if sent > window+2*maxPayload {
			t.Errorf("%d bytes were sent that nobody reads", sent)
		}
		for range 3 {
			other, err := get(t.Context(), c, "/other", nil)
			if err != nil {
				t.Fatal(err)
			}
			other.Body.Close()
		}
		if _, err := io.CopyN(io.Discard, res.Body, 3*window); err != nil {
			t.Error(err)
		}
		res.Body.Close() // ends the handler
		synctest.Wait()
	})
}

// An answer can come before all of the request was read.
func TestEarlyAnswers(t *testing.T) {
	c := join(t, func(w http.ResponseWriter, req *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_ = http.NewResponseController(w).Flush()
		if _, err := io.Copy(io.Discard, req.Body); !errors.Is(err, errAnswered) {
			t.Error(err)
		}
	})
	res, err := get(t.Context(), c, "/", make([]byte, 10*window))
	if err != nil || res.StatusCode != http.StatusConflict {
		t.Fatal(res, err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Error(err)
	}
}

func TestRequestsAreBrokenOff(t *testing.T) {
	began, ended := make(chan struct{}), make(chan error)
	c := join(t, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/begun" {
			_ = http.NewResponseController(w).Flush()
		}
		began <- struct{}{}
		<-req.Context().Done()
		ended <- req.Context().Err()
	})
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-began
		cancel(enough)
	}()
	if _, err := get(ctx, c, "/", nil); !errors.Is(err, enough) {
		t.Error(err)
	}
	<-ended

	res, err := get(t.Context(), c, "/begun", nil)
	if err != nil {
		t.Fatal(err)
	}
	<-began
	res.Body.Close()
	<-ended

	ctx, cancel = context.WithCancelCause(t.Context())
	if res, err = get(ctx, c, "/begun", nil); err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	<-began
	cancel(enough)
	if _, err := res.Body.Read(make([]byte, 1)); !errors.Is(err, enough) {
		t.Error(err)
	}
	res.Body.Close()
	<-ended
}

// A handler that panics ends its request, and no other.
func TestPanicsEndOneRequest(t *testing.T) {
	c := join(t, func(_ http.ResponseWriter, req *http.Request) {
		switch req.URL.Path {
		case "/panic":
			panic("a fault of the test's")
		case "/abort":
			panic(http.ErrAbortHandler)
		}
	})
	for _, path := range []string{"/panic", "/abort"} {
		if _, err := get(t.Context(), c, path, nil); !errors.Is(err, errAborted) {
			t.Errorf("%s: %v", path, err)
		}
	}
	res, err := get(t.Context(), c, "/", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

// The end of a connection ends all that it carries, on both sides.
func TestTheEndEndsAll(t *testing.T) {
	began, ended := make(chan struct{}), make(chan struct{})
	c := join(t, func(_ http.ResponseWriter, req *http.Request) {
		close(began)
		<-req.Context().Done()
		close(ended)
	})
	failed := make(chan error)
	go func() {
		_, err := get(t.Context(), c, "/", nil)
		failed <- err
	}()
	<-began
	c.Close()
	if err := <-failed; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	<-ended
	<-c.Done()
	if _, err := get(t.Context(), c, "/", nil); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// Who is idle is asked for a sign of life, and who gives none is given up in time.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := join(t, func(http.ResponseWriter, *http.Request) {})
		time.Sleep(time.Hour)
		select {
		case <-c.Done():
			t.Error("an idle connection has ended")
		default:
		}
	})
	for what, begin := range map[string]func(context.Context, net.Conn){
		"a client": func(_ context.Context, conn net.Conn) { NewClient(conn, patient) },
		"a server": func(ctx context.Context, conn net.Conn) {
			go func() { _ = Serve(ctx, conn, patient, http.NotFoundHandler(), slog.New(slog.DiscardHandler)) }()
		},
	} {
		for _, reads := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				here, there := net.Pipe()
				defer there.Close()
				begin(t.Context(), here)
				began := time.Now()
				if reads {
					_, _ = io.Copy(io.Discard, there)
				} else {
					<-time.After(patient.Ping + patient.Answer) // it waits for its ping to be taken
					synctest.Wait()
					if n, err := there.Read(make([]byte, 1)); err != io.EOF {
						t.Errorf("%s has sent %d bytes, %v", what, n, err)
					}
				}
				if took := time.Since(began); took > patient.Ping+patient.Answer {
					t.Errorf("%s took %v", what, took)
				}
			})
		}
	}
}
