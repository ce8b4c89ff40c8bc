package data

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/mirror"
)

// A recorder is an upload that notes what is done to it.
type recorder struct {
	bytes.Buffer
	steps []string
}

func (r *recorder) Prepare(context.Context) error { r.steps = append(r.steps, "prepare"); return nil }
func (r *recorder) Commit(context.Context, Charge) error {
	r.steps = append(r.steps, "commit")
	return nil
}
func (r *recorder) Close() error { r.steps = append(r.steps, "close"); return nil }

func (r *recorder) OpenFile(context.Context, mirror.Path) (File, error) {
	return nil, errors.New("not asked for")
}

func (r *recorder) CreateFile(context.Context, mirror.Path, int64) (Upload, error) { return r, nil }

// arrived is a meeting at which the client already is.
type arrived struct{ conn net.Conn }

func (m arrived) Meet(context.Context) (net.Conn, error) { return m.conn, nil }
func (m arrived) Close() error                           { return nil }

// What was received is kept only when all of it came, the client is confirmed to be
// there, and the transfer was not ended.
func TestStoreKeeps(t *testing.T) {
	gone := errors.New("gone")
	for name, tt := range map[string]struct {
		confirm func() error
		cancel  bool
		err     error
		steps   string
	}{
		"all well":  {nil, false, nil, "prepare commit close"},
		"confirmed": {func() error { return nil }, false, nil, "prepare commit close"},
		"gone":      {func() error { return gone }, false, gone, "prepare close"},
		"cancelled": {nil, true, context.Canceled, "prepare close"},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			plan, err := Disk{Files: r}.Store(t.Context(), Request{Path: "/file"})
			if err != nil {
				t.Fatal(err)
			}
			client, conn := net.Pipe()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			plan.Meet, plan.Flow, plan.Confirm = arrived{conn}, &Flow{Stall: time.Minute}, tt.confirm
			go func() {
				io.WriteString(client, "content")
				if tt.cancel {
					cancel()
				} else {
					client.Close()
				}
			}()
			err = plan.Execute(ctx, func() {})
			if n := plan.Flow.Moved(); n != 7 || !errors.Is(err, tt.err) || r.String() != "content" {
				t.Errorf("%d bytes, %v, received %q", plan.Flow.Moved(), err, r.String())
			}
			if got := strings.Join(r.steps, " "); got != tt.steps {
				t.Errorf("steps: %s, want %s", got, tt.steps)
			}
		})
	}
}

type readOnly struct{}

func (readOnly) OpenFile(context.Context, mirror.Path) (File, error) { return nil, nil }

func TestStoreReadOnly(t *testing.T) {
	if _, err := (Disk{Files: readOnly{}}).Store(t.Context(), Request{Path: "/file"}); err == nil {
		t.Error("a holder that cannot be written to took an upload")
	}
}

// However text is cut into pieces, CR LF becomes LF and every other byte stays.
func FuzzLineEnds(f *testing.F) {
	f.Add("a\r\nb\r", 1)
	f.Add("\r\r\n\n\r", 2)
	f.Fuzz(func(t *testing.T, text string, size int) {
		if size < 1 {
			return
		}
		var got bytes.Buffer
		w := &lineEnds{w: &got}
		for rest := text; rest != ""; {
			piece := rest[:min(size, len(rest))]
			rest = rest[len(piece):]
			if n, err := io.WriteString(w, piece); n != len(piece) || err != nil {
				t.Fatalf("wrote %d, %v", n, err)
			}
		}
		if err := w.end(); err != nil {
			t.Fatal(err)
		}
		if want := strings.ReplaceAll(text, "\r\n", "\n"); got.String() != want {
			t.Errorf("%q in pieces of %d: %q, want %q", text, size, got.String(), want)
		}
		if back := string(appendText(nil, got.Bytes())); !strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\n") && back != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	})
}
