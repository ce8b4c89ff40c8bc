package redirect

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// discard is a ResponseWriter that keeps no body.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header               { return d.header }
func (d *discard) WriteHeader(status int)            { d.status = status }
func (d *discard) Write(b []byte) (int, error)       { return len(b), nil }
func (d *discard) WriteString(s string) (int, error) { return len(s), nil }

// BenchmarkRedirect measures a request through the whole handler, without the
// network: a file with a few replicas, with a hundred, and with none.
func BenchmarkRedirect(b *testing.B) {
	many := newWorld()
	for i := range 100 {
		name := fmt.Sprintf("m%02d", i)
		many.site(b, name, 1+i, dir{"x" + name: gnu(1)}, "ftp://"+name+".example/", "https://"+name+".example/")
	}
	for _, bench := range []struct {
		name, target string
		world        *world
	}{
		{"4replicas", "/origin/gnu/file1", example(b)},
		{"100replicas", "/m50/xm50/file1", many},
		{"unknown", "/origin/gnu/new", example(b)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			h := New(Config{Source: bench.world.hold(b)}).Handler()
			req := httptest.NewRequest("GET", bench.target, nil)
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, req)
			}
			if w.status != http.StatusFound {
				b.Fatalf("status %d", w.status)
			}
		})
	}
}
