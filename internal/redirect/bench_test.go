package redirect

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/go-chi/chi/v5"

	"mirrortracker/internal/accesslog"
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

// crowd is a world of a hundred mirrors, half of which have a file of their own.
func crowd(b *testing.B) *world {
	w := newWorld()
	for i := range 100 {
		name := fmt.Sprintf("m%02d", i)
		root := dir{"gnu": gnu(1)}
		if i%2 == 1 {
			root["trace"] = dir{name: file{1, 1}}
		}
		w.site(b, name, 1+i, root, "ftp://"+name+".example/", "https://"+name+".example/")
	}
	return w
}

// production is a Redirector with all that is switched on in production.
func production(b *testing.B, w *world) http.Handler {
	access := accesslog.To(io.Discard, slog.New(slog.DiscardHandler))
	b.Cleanup(func() { access.Close() })
	return New(Config{
		Source:  w.hold(b),
		Access:  access,
		Limit:   Limit{Rate: 1e6, Burst: 1e6, Bits4: 24, Bits6: 56},
		Proxies: Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Header: ForwardedFor},
	}).Handler()
}

// bare is the least that redirects.
func bare() http.Handler {
	mux := chi.NewRouter()
	mux.Get("/*", func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, "https://m00.example"+req.URL.Path, http.StatusFound)
	})
	return mux
}

// clients are requests of 10,000 clients in 1,000 networks.
func clients() []*http.Request {
	all := make([]*http.Request, 10_000)
	for i := range all {
		site := rand.IntN(100)
		req := httptest.NewRequest("GET", fmt.Sprintf("/m%02d/gnu/file%d", site, rand.IntN(8)), nil)
		req.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:4711", i%1000/250, i%250, i/1000)
		req.Header.Set("User-Agent", "curl/8.5.0")
		all[i] = req
	}
	return all
}

// BenchmarkHandler measures a request through the whole handler, without the
// network, beside the least that redirects.
func BenchmarkHandler(b *testing.B) {
	for _, bench := range []struct {
		name    string
		handler http.Handler
	}{
		{"bare", bare()},
		{"100mirrors", production(b, crowd(b))},
	} {
		b.Run(bench.name, func(b *testing.B) {
			requests := clients()
			w := &discard{header: http.Header{}}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				w.header = http.Header{}
				bench.handler.ServeHTTP(w, requests[i%len(requests)])
			}
			if w.status != http.StatusFound {
				b.Fatalf("status %d", w.status)
			}
		})
	}
}

// BenchmarkDecide measures a decision: resolving and ranking alone.
func BenchmarkDecide(b *testing.B) {
	r := New(Config{Source: crowd(b).hold(b)})
	questions := make([]Question, 10_000)
	for i := range questions {
		questions[i] = Question{
			Text:   fmt.Sprintf("/m%02d/gnu/file%d", rand.IntN(100), rand.IntN(8)),
			Scheme: "http",
			Client: netip.AddrFrom4([4]byte{10, byte(i % 1000 / 250), byte(i % 250), byte(i / 1000)}),
		}
	}
	var d decision
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := r.decide(&d, &questions[i%len(questions)], DefaultLinks); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkChoose measures what a decision is made of besides resolving.
func BenchmarkChoose(b *testing.B) {
	r := New(Config{Source: crowd(b).hold(b)})
	var d decision
	q := Question{Text: "/m50/gnu/file1", Scheme: "http", Client: netip.MustParseAddr("10.0.0.1")}
	if err := r.gather(&d, &q); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		q.Client = netip.AddrFrom4([4]byte{10, byte(i % 1000 / 250), byte(i % 250), byte(i / 1000 % 10)})
		if err := r.collect(&d, &q); err != nil {
			b.Fatal(err)
		}
		if err := d.rank(DefaultLinks); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoopback measures requests over connections that stay open.
func BenchmarkLoopback(b *testing.B) {
	for _, bench := range []struct {
		name    string
		handler http.Handler
	}{
		{"bare", bare()},
		{"100mirrors", production(b, crowd(b))},
	} {
		b.Run(bench.name, func(b *testing.B) {
			server := httptest.NewServer(bench.handler)
			defer server.Close()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				conn, err := net.Dial("tcp", server.Listener.Addr().String())
				if err != nil {
					b.Error(err)
					return
				}
				defer conn.Close()
				from := rand.IntN(1000)
				in := bufio.NewReader(conn)
				for i := 0; pb.Next(); i++ {
					fmt.Fprintf(conn, "HEAD /m%02d/gnu/file%d HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 10.%d.%d.%d\r\n\r\n",
						i%100, i%8, from/250, from%250, i%10)
					for {
						line, err := in.ReadSlice('\n')
						if err != nil {
							b.Error(err)
							return
						}
						if len(line) == 2 {
							break
						}
					}
				}
			})
		})
	}
}
