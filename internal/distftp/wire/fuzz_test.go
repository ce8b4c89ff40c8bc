package wire_test

import (
	"bytes"
	"context"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"mirrortracker/internal/distftp/wire"
)

// A willing slave does whatever it is asked, and takes note of what cannot have been.
type willing struct{ t *testing.T }

func (w willing) sound(p wire.Path) {
	if err := p.Check(); err != nil {
		w.t.Error(err)
	}
}

func (w willing) meets(m wire.Meeting) {
	if m.Timeout <= 0 || m.Secret != nil && len(m.Secret) != wire.SecretSize {
		w.t.Errorf("a meeting %+v", m)
	}
}

func (w willing) State(context.Context) (wire.State, error) { return wire.State{Storage: "s"}, nil }

func (w willing) News(_ context.Context, tell func(wire.News) error) error {
	return tell(wire.News{Leaving: true})
}

func (w willing) Apply(_ context.Context, intents []wire.Intent) (uint64, error) {
	for _, i := range intents {
		w.sound(i.Path)
		if i.Deed == wire.Rename {
			w.sound(i.To)
		}
	}
	return 1, nil
}

func (w willing) Directory(_ context.Context, dir wire.Path, _ bool) iter.Seq2[wire.Entry, error] {
	w.sound(dir)
	return func(yield func(wire.Entry, error) bool) { yield(wire.Entry{Name: "a", Kind: wire.File}, nil) }
}

func (w willing) Operations(context.Context) ([]wire.Prepared, error) { return nil, nil }

func (w willing) Forget(context.Context, []uint64) error { return nil }

func (w willing) Listen(context.Context, wire.Listen) (wire.Listening, error) {
	return wire.Listening{}, nil
}

func (w willing) Unlisten(context.Context, uint64) error { return nil }

func (w willing) Send(_ context.Context, s wire.Send, tell func(wire.Event)) error {
	w.sound(s.Ref.Path)
	w.meets(s.Meet)
	if s.Offset < 0 || s.Length < 0 {
		w.t.Errorf("%+v", s)
	}
	tell(wire.Event{Connected: true, Moved: 1})
	return nil
}

func (w willing) Receive(_ context.Context, r wire.Receive, _ func(wire.Event)) (wire.Prepared, error) {
	if r.From == nil {
		w.meets(r.Meet)
	}
	if r.Keep != nil {
		w.sound(r.Keep.Path)
	}
	if r.First < 0 || r.First > 0 && (r.Keep == nil || r.First > r.Keep.Size) {
		w.t.Errorf("%+v", r)
	}
	return wire.Prepared{}, nil
}

func (w willing) Bridge(context.Context, wire.Bridge, func(wire.Event)) error { return nil }

func (w willing) Duplicate(_ context.Context, d wire.Duplicate) (wire.Prepared, error) {
	w.sound(d.Ref.Path)
	return wire.Prepared{}, nil
}

func (w willing) Checksum(_ context.Context, c wire.Checksum) ([]byte, error) {
	w.sound(c.Ref.Path)
	return nil, nil
}

func (w willing) Certify(context.Context, wire.Certificate) error { return nil }

// A master that is not one gets an answer, and the slave nothing that makes no sense.
func FuzzRoutes(f *testing.F) {
	for _, path := range []string{"/state", "/operations", "/news", "/ping", "/nothing"} {
		f.Add(path, "")
	}
	f.Add("/apply", `[{"seq":2,"prev":1,"deed":"rename","path":"/a%FF","to":"/b"}]`)
	f.Add("/directory", `{"path":"/a","deep":true}`)
	f.Add("/forget", `[1,2]`)
	f.Add("/listen", `{"family":4,"peer":"192.0.2.1","timeout":1}`)
	f.Add("/unlisten", `5`)
	f.Add("/send", `{"ref":{"path":"/a","size":5},"meet":{"listener":1,"timeout":1},"stall":1}`)
	f.Add("/receive", `{"op":1,"most":-1,"keep":{"path":"/a","size":5},"first":3,"meet":{"dial":"192.0.2.1:5","timeout":1},"stall":1}`)
	f.Add("/bridge", `{"listener":1,"timeout":1,"stall":1}`)
	f.Add("/duplicate", `{"op":1,"ref":{"path":"/a"}}`)
	f.Add("/checksum", `{"ref":{"path":"/a"},"algorithm":"MD5"}`)
	f.Add("/certify", `{"tickets":["AAAA"]}`)
	f.Fuzz(func(t *testing.T, path, body string) {
		routes := wire.Routes(willing{t}, slog.New(slog.DiscardHandler))
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			req := httptest.NewRequestWithContext(t.Context(), method, "/", bytes.NewBufferString(body))
			req.URL.Path = path
			res := httptest.NewRecorder()
			routes.ServeHTTP(res, req)
			if res.Code >= 500 {
				t.Errorf("%s %s %q is answered by %d", method, path, body, res.Code)
			}
		}
	})
}

// canned answers everything alike.
type canned struct {
	status int
	body   []byte
}

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: c.status, Body: io.NopCloser(bytes.NewReader(c.body))}, nil
}

// A slave that lies is believed nothing that makes no sense.
func FuzzClient(f *testing.F) {
	for _, body := range []string{
		`{"storage":"s","applied":1,"data":["192.0.2.1"],"relay":["192.0.2.1:5"]}`,
		`{"listener":1,"addr":"192.0.2.1:5"}`,
		`{"applied":1}`, `[{"op":1,"size":2}]`, `"AAAA"`, `{"op":9,"size":5}`,
		"{\"connected\":true}\n{\"moved\":5}\n{\"done\":true,\"prepared\":{\"op\":9,\"size\":5}}\n",
		"{\"failed\":{\"reason\":\"full\"}}\n",
		"{\"name\":\"a\",\"kind\":\"file\"}\n{\"end\":true}\n",
		"{\"state\":{\"storage\":\"s\"}}\n{\"leaving\":true}\n",
	} {
		f.Add(200, []byte(body))
	}
	f.Add(409, []byte(`{"reason":"full","text":"no"}`))
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(200, encoder.EncodeAll([]byte("{\"name\":\"a\",\"kind\":\"file\"}\n{\"end\":true}\n"), nil))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		c := wire.NewClient(canned{status, body})
		if s, err := c.State(ctx); err == nil && (s.Storage == "" || s.Free < 0 || len(s.Data) > 2) {
			t.Errorf("state %+v", s)
		}
		if l, err := c.Listen(ctx, wire.Listen{}); err == nil && (!l.Addr.IsValid() || l.Addr.Addr().IsUnspecified()) {
			t.Errorf("listening %+v", l)
		}
		if p, err := c.Receive(ctx, getting, func(wire.Event) {}); err == nil && (p.Op != getting.Op || p.Size < 0 || p.Size > getting.Most) {
			t.Errorf("prepared %+v", p)
		}
		moved := int64(0)
		_ = c.Send(ctx, sending, func(e wire.Event) {
			if e.Moved != 0 && e.Moved < moved {
				t.Errorf("%d moved after %d", e.Moved, moved)
			}
			moved = max(moved, e.Moved)
		})
		_, _ = c.Apply(ctx, []wire.Intent{{}})
		_, _ = c.Operations(ctx)
		_, _ = c.Checksum(ctx, wire.Checksum{})
		_, _ = c.Duplicate(ctx, wire.Duplicate{})
		for e, err := range c.Directory(ctx, "/", true) {
			if err == nil && (wire.Path("/"+e.Name).Check() != nil || e.Size < 0) {
				t.Errorf("entry %+v", e)
			}
		}
		_ = c.News(ctx, func(n wire.News) error {
			if n.State != nil && n.State.Storage == "" {
				t.Errorf("news %+v", n)
			}
			return nil
		})
	})
}
