package fetch_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/fetch"
	"mirrortracker/internal/peer/peertest"
	"mirrortracker/internal/peer/serve"
	"mirrortracker/internal/store"
)

// handler returns what answers in a tracker's name, as after a restart: it has made
// no packs yet.
func handler(t *testing.T, k *peertest.Tracker) http.Handler {
	t.Helper()
	s, err := serve.New(serve.Config{
		Source:    k.Store,
		Catalogue: k.Catalogue,
		Key:       k.Key,
		Folder:    t.TempDir(),
		Cache:     1 << 30,
		Notice:    func(peer.Notice) {},
		Now:       time.Now,
		Log:       slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.Handler()
}

func urlOf(t *testing.T, server *httptest.Server) mirror.URL {
	t.Helper()
	u, err := mirror.ParseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func client(folder string) *fetch.Client {
	return fetch.New(fetch.Options{Folder: folder, MaxPack: 1 << 30, Agent: "test"})
}

// download returns a pack, and verifies nothing.
func download(t *testing.T, h http.Handler, order fetch.Order) []byte {
	t.Helper()
	server := httptest.NewServer(h)
	defer server.Close()
	order.At = urlOf(t, server)
	p, err := client(t.TempDir()).Pack(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	text, err := os.ReadFile(p.Path)
	if err != nil {
		t.Fatal(err)
	}
	if p.Size != int64(len(text)) || p.Loaded != p.Size {
		t.Errorf("%d bytes are said to be %d, of which %d came now", len(text), p.Size, p.Loaded)
	}
	return text
}

// A cutter breaks off answers that are packs.
type cutter struct {
	handler http.Handler
	after   int64  // bytes of them; -1 for never
	cut     func() // does it
	sent    *atomic.Int64
}

func (c *cutter) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if strings.HasSuffix(req.URL.Path, "/pack") {
		w = &cutting{w, c}
	}
	c.handler.ServeHTTP(w, req)
}

type cutting struct {
	http.ResponseWriter
	*cutter
}

// Unwrap serves [http.ResponseController].
func (c *cutting) Unwrap() http.ResponseWriter { return c.ResponseWriter }

func (c *cutting) Write(b []byte) (int, error) {
	if left := c.after - c.sent.Load(); c.after >= 0 && int64(len(b)) > left {
		n, _ := c.ResponseWriter.Write(b[:left])
		c.sent.Add(int64(n))
		http.NewResponseController(c.ResponseWriter).Flush()
		c.cut()
		return n, http.ErrAbortHandler
	}
	n, err := c.ResponseWriter.Write(b)
	c.sent.Add(int64(n))
	return n, err
}

// Does a transfer that is broken off at every tenth of it, by the one side or the other,
// go on where it was, though both sides were started again?
func TestTransfersAreResumed(t *testing.T) {
	k := peertest.New(t, "one")
	site := peertest.Site(t, "site")
	snap := k.Crawled(t, site, 200, 1, time.Now())
	order := fetch.Order{Site: site.ID(), Root: snap.Root}
	whole := download(t, handler(t, k), order)
	size := int64(len(whole))
	if size < 10<<10 {
		t.Fatalf("a pack of %d bytes is too small to be cut", size)
	}
	for _, side := range []string{"server", "client"} {
		t.Run(side, func(t *testing.T) {
			var cut atomic.Pointer[cutter]
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { cut.Load().ServeHTTP(w, req) }))
			defer server.Close()
			var sent atomic.Int64
			folder := t.TempDir()
			order := order
			order.At = urlOf(t, server)
			for tenth := range int64(11) {
				ctx, cancel := context.WithCancel(t.Context())
				c := &cutter{handler: handler(t, k), sent: &sent, after: size * tenth / 10, cut: func() { panic(http.ErrAbortHandler) }}
				if side == "client" {
					c.cut = cancel
				}
				if tenth == 10 {
					c.after = -1
				}
				cut.Store(c)
				p, err := client(folder).Pack(ctx, order)
				cancel()
				if (err == nil) != (tenth == 10) {
					t.Fatalf("cut at tenth %d: %v", tenth, err)
				}
				if err != nil {
					continue
				}
				text, err := os.ReadFile(p.Path)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(text, whole) {
					t.Error("what came in parts differs from what came at once")
				}
				if err := pack.Verify(bytes.NewReader(text), peer.Public(k.Key), p.Signature); err != nil {
					t.Error(err)
				}
				if p.Loaded > size/10+1 && side == "server" {
					t.Errorf("the last tenth has %d of %d bytes", p.Loaded, size)
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			}
			// What the client has heard but not kept yet when it is cut is sent again.
			if sent := sent.Load(); side == "server" && sent != size || sent > 2*size {
				t.Errorf("%d bytes were sent of a pack of %d", sent, size)
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("left in the folder: %v, %v", left, err)
			}
		})
	}
}

// What has changed since, or is not what was asked for, is not put together with what
// came before.
func TestOtherBytesAreNoContinuation(t *testing.T) {
	const text = "the bytes of a pack"
	answer := func(w http.ResponseWriter, req *http.Request) {}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.HasSuffix(req.URL.Path, "minisig") {
			w.Write([]byte("signature"))
			return
		}
		answer(w, req)
	}))
	defer server.Close()
	order := fetch.Order{At: urlOf(t, server), Root: digest.ID{1}}
	broken := func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("ETag", `"old"`)
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("what came before"))
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	content := func(tag string) http.HandlerFunc {
		return func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("ETag", tag)
			http.ServeContent(w, req, "", time.Time{}, strings.NewReader(text))
		}
	}
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		fails  string // "" if the pack is had
	}{
		"changed":  {content(`"new"`), ""},
		"no tag":   {content(""), ""},
		"weak tag": {content(`W/"new"`), ""},
		"wrong range": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 3-20/21")
			w.WriteHeader(206)
		}, "from byte 16 on"},
		"no such":   {http.NotFound, "404"},
		"elsewhere": {http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound).ServeHTTP, "302"},
		"beyond": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes */5")
			w.WriteHeader(416)
		}, "416"},
		"said too big": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "2000")
			w.Write(make([]byte, 2000))
		}, "more than 1000 bytes"},
		"too big": {func(w http.ResponseWriter, _ *http.Request) {
			for range 30 {
				w.Write(make([]byte, 100))
				http.NewResponseController(w).Flush()
			}
		}, "more than 1000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			small := fetch.New(fetch.Options{Folder: t.TempDir(), MaxPack: 1000})
			answer = broken
			if _, err := small.Pack(t.Context(), order); err == nil {
				t.Fatal("what was broken off is a pack")
			}
			answer = c.answer
			p, err := small.Pack(t.Context(), order)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("error %v, want %q", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(p.Path); err != nil || string(got) != text {
				t.Errorf("the pack is %q (%v)", got, err)
			}
		})
	}
}

func TestOffers(t *testing.T) {
	k := peertest.New(t, "one")
	server := httptest.NewServer(handler(t, k))
	defer server.Close()
	at, c := urlOf(t, server), client(t.TempDir())
	list := func(tag string) (all []peer.Offer, newTag string) {
		t.Helper()
		newTag, err := c.Offers(t.Context(), at, tag, func(o peer.Offer) error { all = append(all, o); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return all, newTag
	}
	if all, _ := list(""); len(all) != 0 {
		t.Errorf("of nothing, %v is offered", all)
	}
	snap := k.Crawled(t, peertest.Site(t, "site"), 3, 1, time.Now())
	private := peertest.Site(t, "private")
	private.Visit.User, private.Visit.Password = "me", "env:X"
	k.Crawled(t, private, 3, 1, time.Now())
	server.Config.Handler = handler(t, k) // which has not read what is offered yet
	all, tag := list("")
	if len(all) != 1 || all[0].Name != "site" || all[0].Root != snap.Root || all[0].Origin != "one" || all[0].Totals != snap.Totals {
		t.Errorf("offered: %+v", all)
	}
	if all, again := list(tag); len(all) != 0 || again != tag {
		t.Errorf("what has not changed is told again: %v, %s", all, again)
	}
	if _, err := c.Pack(t.Context(), fetch.Order{At: at, Site: private.ID(), Root: snap.Root}); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a pack of a private site: %v", err)
	}
}

func TestIntroduction(t *testing.T) {
	k := peertest.New(t, "one")
	server := httptest.NewServer(handler(t, k))
	defer server.Close()
	for _, p := range []store.Peer{
		{URL: "http://two.example/", Name: "two", Key: peer.Public(k.Key).String()},
		{URL: "http://three.example/", Name: "three"},
		{URL: "http://unheard.example/", Key: peer.Public(k.Key).String()},
	} {
		if err := k.PutPeer(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	told, err := client(t.TempDir()).Introduction(t.Context(), urlOf(t, server))
	if err != nil {
		t.Fatal(err)
	}
	key := peer.Public(k.Key).String()
	if told.Name != "one" || told.Key != key || told.URL != nil || len(told.Trackers) != 3 || told.Trackers[0].Key != "" || told.Trackers[1].Key != key || told.Trackers[2].Name != "unheard.example" {
		t.Errorf("told: %+v", told)
	}
}

// What a server says that means harm is refused in bounded memory.
func TestHostileAnswers(t *testing.T) {
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }))
	defer server.Close()
	at, c := urlOf(t, server), client(t.TempDir())
	offer := `{"site":"` + strings.Repeat("0", 32) + `","url":"ftp://a/","name":"a","root":"` + strings.Repeat("1", 64) + `","started":"2026-01-01T00:00:00Z","finished":"2026-01-01T00:00:00Z","origin":"a"}`
	for name, text := range map[string]string{
		"empty":            "",
		"no list":          "{}",
		"no end":           "[",
		"nested":           strings.Repeat("[", 1<<20),
		"other identity":   "[" + offer + "]",
		"no offer":         "[1]",
		"no end in a text": `["` + strings.Repeat("a", 1<<20),
		"password in URL":  `[{"url":"ftp://a:b@c/"}]`,
	} {
		body = text
		if _, err := c.Offers(t.Context(), at, "", func(peer.Offer) error { return nil }); err == nil {
			t.Errorf("%s: offers are read", name)
		}
		if told, err := c.Introduction(t.Context(), at); err == nil {
			t.Errorf("%s: it is an introduction: %v", name, told)
		}
	}
}

// What was downloaded whole, by a process that was killed before it took it over, is not
// downloaded again.
func TestAWholeFileIsGoneOnWith(t *testing.T) {
	k := peertest.New(t, "one")
	site := peertest.Site(t, "site")
	snap := k.Crawled(t, site, 5, 1, time.Now())
	server := httptest.NewServer(handler(t, k))
	defer server.Close()
	folder := t.TempDir()
	order := fetch.Order{At: urlOf(t, server), Site: site.ID(), Root: snap.Root}
	first, err := client(folder).Pack(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	again, err := client(folder).Pack(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	if again.Loaded != 0 || again.Size != first.Size || !bytes.Equal(again.Signature, first.Signature) {
		t.Errorf("%d of %d bytes come again", again.Loaded, first.Size)
	}
	text, err := os.ReadFile(again.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := pack.Verify(bytes.NewReader(text), peer.Public(k.Key), again.Signature); err != nil {
		t.Error(err)
	}
}

// What nobody goes on with is deleted in time, and a folder that is too full sooner.
func TestPartsAreTidied(t *testing.T) {
	folder := t.TempDir()
	c := fetch.New(fetch.Options{Folder: folder, MaxPack: 1000})
	for name, age := range map[string]time.Duration{"old": 72 * time.Hour, "idle": time.Hour, "resting": 30 * time.Minute, "busy": 0} {
		path := folder + "/" + name + ".part"
		if err := os.WriteFile(path, make([]byte, 600), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	nobody := mirror.URL{Scheme: "http", Host: "127.0.0.1", Port: 1, Base: "/"}
	if _, err := c.Pack(t.Context(), fetch.Order{At: nobody}); err == nil {
		t.Fatal("nobody answers")
	}
	for name, want := range map[string]bool{"old": false, "idle": false, "resting": false, "busy": true} {
		if _, err := os.Stat(folder + "/" + name + ".part"); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
