package mirrors

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

func freshSQLite(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "ftpd.db") }

func TestSQLite(t *testing.T)  { contract(t, freshSQLite) }
func TestMariaDB(t *testing.T) { contract(t, testbed.MariaDB) }

func TestStrictMariaDB(t *testing.T) {
	contract(t, testbed.StrictMariaDB(t).Database)
}

// contract is what every database keeps.
func contract(t *testing.T, fresh func(testing.TB) string) {
	for name, test := range map[string]func(*testing.T, string){
		"aliases":   aliasesAreKept,
		"members":   membersAreKept,
		"bindings":  bindingsAreKept,
		"circles":   circlesAreFound,
		"passwords": passwordsAreSealed,
		"masters":   mastersSeeEachOther,
		"at once":   changesAtOnce,
		"reports":   serversAnswer,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t testing.TB, what string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: got %v, want %v", what, err, kind)
	}
}

// wantText looks for words in an error.
func wantText(t testing.TB, what string, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: got %v, want something with %q", what, err, words)
	}
}

// open opens a store, with a key in a file of the test.
func open(t testing.TB, url string, change ...func(*Config)) *Store {
	t.Helper()
	db, err := database.Open(t.Context(), url, database.FTPServer)
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	c := Config{DB: db, Key: OpenKey(filepath.Join(t.TempDir(), "key"))}
	for _, f := range change {
		f(&c)
	}
	s, err := Open(t.Context(), c)
	must(t, err)
	return s
}

func site(p mirror.Path) Alias {
	return Alias{Path: p, Host: "ftp.example.org", Port: 21, User: "user", Root: "/", TLS: ftpconn.NoTLS}
}

func aliasesAreKept(t *testing.T, url string) {
	s, ctx := open(t, url), t.Context()
	a := Alias{Path: "/remote_site_3", Host: "2001:db8::1", Port: 2121, User: "us\xe9r", Root: "/mnt/\xff", TLS: ftpconn.ExplicitTLS, Limit: 3, Tunnel: true}
	must(t, s.AddAlias(ctx, a, "pass"))
	got := s.View().At("/remote_site_3")
	server, err := got.Server()
	must(t, err)
	if w := (foreign.Server{Host: a.Host, Port: 2121, User: a.User, Password: "pass", TLS: a.TLS, Limit: 3}); server != w || got.Root != a.Root || !got.Tunnel || got.Address() != "[2001:db8::1]:2121" {
		t.Errorf("kept is %+v, %+v", got, server)
	}
	wantText(t, "the same again", s.AddAlias(ctx, a, "pass"), "there is an alias /remote_site_3 already")
	want(t, "change nothing", s.ChangeAlias(ctx, "/x", nil, func(*Alias) {}), ErrNoAlias)
	want(t, "remove nothing", s.DeleteAlias(ctx, "/x"), ErrNoAlias)
	want(t, "disconnect nothing", s.Disconnect(ctx, "/x"), ErrNoAlias)

	must(t, s.Learn(ctx, server, foreign.Abilities{Port: foreign.Yes, Connections: 2, Probed: time.Unix(7, 0).UTC()}))
	must(t, s.ChangeAlias(ctx, a.Path, nil, func(a *Alias) { a.Tunnel = false }))
	if got := s.View().At(a.Path); got.Tunnel || got.Abilities.Port != foreign.Yes || got.Abilities.Connections != 2 {
		t.Errorf("after a change of the tunnel: %+v", got)
	}
	must(t, s.ChangeAlias(ctx, a.Path, nil, func(a *Alias) { a.Host = "ftp.example.org" }))
	got = s.View().At(a.Path)
	if server, err := got.Server(); err != nil || server.Password != "pass" || server.Host != "ftp.example.org" || got.Abilities != (foreign.Abilities{}) {
		t.Errorf("after a change of the host: %+v, %v", got, err)
	}
	other := "other"
	must(t, s.ChangeAlias(ctx, a.Path, &other, func(*Alias) {}))
	if server, err := s.View().At(a.Path).Server(); err != nil || server.Password != "other" {
		t.Errorf("after a change of the password: %v", err)
	}
	must(t, s.Disconnect(ctx, a.Path))
	if n := s.View().At(a.Path).Epoch; n != 1 {
		t.Errorf("epoch %d after a disconnect", n)
	}
	must(t, s.DeleteAlias(ctx, a.Path))
	if len(s.View().Aliases()) != 0 {
		t.Error("it is still there")
	}
	for what, spoil := range map[string]func(*Alias){
		"the root":  func(a *Alias) { a.Path = "/" },
		"port":      func(a *Alias) { a.Port = 0 },
		"user":      func(a *Alias) { a.User = "a\r\nb" },
		"limit":     func(a *Alias) { a.Limit = -1 },
		"TLS":       func(a *Alias) { a.TLS = "perhaps" },
		"host":      func(a *Alias) { a.Host = "-x" },
		"host ":     func(a *Alias) { a.Host = "0.0.0.0" },
		"host  ":    func(a *Alias) { a.Host = "a b" },
		"path may":  func(a *Alias) { a.Path = mirror.Path("/" + strings.Repeat("x", MaxPath)) },
		"path may ": func(a *Alias) { a.Root = mirror.Path("/" + strings.Repeat("x", MaxPath)) },
	} {
		a := site("/x")
		spoil(&a)
		wantText(t, what, s.AddAlias(ctx, a, ""), strings.TrimSpace(what))
	}
	wantText(t, "password", s.AddAlias(ctx, site("/x"), "a\nb"), "password")
}

// shape writes an entry: its members with their weights, the default with a star.
func shape(e *Entry) string {
	if e == nil {
		return ""
	}
	var all []string
	for _, m := range e.Members {
		star := ""
		if m.Default {
			star = "*"
		}
		all = append(all, fmt.Sprintf("%s:%d%s", m.Name(), m.Weight, star))
	}
	return strings.Join(all, " ")
}

func membersAreKept(t *testing.T, url string) {
	s, ctx := open(t, url), t.Context()
	must(t, s.AddAlias(ctx, site("/b"), ""))
	must(t, s.AddAlias(ctx, site("/a"), ""))
	add := func(id, weight int, alias mirror.Path, made int) {
		t.Helper()
		got, err := s.AddMember(ctx, id, weight, alias)
		must(t, err)
		if got != made {
			t.Errorf("MirrorID %d, want %d", got, made)
		}
	}
	check := func(id int, want string) {
		t.Helper()
		if got := shape(s.View().Entry(id)); got != want {
			t.Errorf("mirror entry %d is %q, want %q", id, got, want)
		}
	}
	add(1, 60, "", 1)
	add(1, 40, "/b", 1)
	add(1, 7, "/a", 1)
	check(1, "LOCAL:60* /b:40 /a:7")
	add(3, 1, "/a", 3)
	add(0, 2, "/b", 2)
	add(0, 0, "/b", 4)
	add(1, 30, "/b", 1)
	check(1, "LOCAL:60* /b:30 /a:7")
	check(2, "/b:2*")
	check(4, "/b:0*")
	must(t, s.SetDefault(ctx, 1, "/a"))
	check(1, "LOCAL:60 /b:30 /a:7*")
	must(t, s.DeleteMember(ctx, 1, ""))
	check(1, "/b:30 /a:7*")
	must(t, s.DeleteMember(ctx, 1, "/a"))
	check(1, "/b:30*")
	wantText(t, "remove an alias in use", s.DeleteAlias(ctx, "/b"), "it is a member of 3 mirror entries: 1, 2, 4")
	must(t, s.Bind(ctx, "/stuff", 1))
	wantText(t, "remove the last member of an entry in use", s.DeleteMember(ctx, 1, "/b"), "1 directory is bound to it: /stuff")
	must(t, s.Unbind(ctx, "/stuff"))
	must(t, s.DeleteMember(ctx, 1, "/b"))
	check(1, "")
	add(0, 5, "", 1)

	_, err := s.AddMember(ctx, 1, 1, "/none")
	want(t, "add what is no alias", err, ErrNoAlias)
	want(t, "default of no entry", s.SetDefault(ctx, 9, ""), ErrNoEntry)
	want(t, "default that is no member", s.SetDefault(ctx, 1, "/a"), ErrNoMember)
	want(t, "remove what is no member", s.DeleteMember(ctx, 2, ""), ErrNoMember)
	_, err = s.AddMember(ctx, -1, 1, "")
	wantText(t, "negative ID", err, "MirrorID -1")
	_, err = s.AddMember(ctx, 1, MaxWeight+1, "")
	wantText(t, "large weight", err, "weight 1000001")
}

func bindingsAreKept(t *testing.T, url string) {
	s, ctx := open(t, url, func(c *Config) { c.Auto = []mirror.Path{"/auto", "/both"} }), t.Context()
	must(t, s.AddAlias(ctx, site("/pub/far"), ""))
	_, err := s.AddMember(ctx, 5, 1, "")
	must(t, err)
	must(t, s.Bind(ctx, "/pub", 5))
	must(t, s.Bind(ctx, "/both", 5))
	must(t, s.BindAuto(ctx, "/own", ""))
	must(t, s.BindAuto(ctx, "/tracked", "ftp://ftp.example.org/pub/"))
	var got []string
	for _, b := range s.View().Bindings() {
		id := "AUTO"
		if !b.Auto() {
			id = fmt.Sprint(b.Entry.ID)
		}
		got = append(got, fmt.Sprintf("%s %s %s %v", b.Dir, id, b.URL, b.Configured))
	}
	if got, want := strings.Join(got, "; "), "/auto AUTO  true; /both 5  false; /own AUTO  false; /pub 5  false; /tracked AUTO ftp://ftp.example.org/pub/ false"; got != want {
		t.Errorf("bound: %s\nwant:  %s", got, want)
	}
	var configured *ConfiguredError
	if err := s.Unbind(ctx, "/auto"); !errors.As(err, &configured) {
		t.Errorf("unbind what the configuration binds: %v", err)
	}
	must(t, s.Unbind(ctx, "/both"))
	if b := s.View().Bound("/both"); b == nil || !b.Configured {
		t.Errorf("what the configuration says does not count again: %v", b)
	}
	must(t, s.Unbind(ctx, "/nothing"))
	want(t, "bind to no entry", s.Bind(ctx, "/x", 6), ErrNoEntry)
	wantText(t, "bind below an alias", s.Bind(ctx, "/pub/far/x", 5), "below the alias /pub/far")
	wantText(t, "an alias above a bound directory", s.AddAlias(ctx, site("/tracked"), ""), "cannot be mirrored: /tracked")
}

func circlesAreFound(t *testing.T, url string) {
	ours := func(_ context.Context, host string, port uint16) bool { return host == "self" && port == 2121 }
	s, ctx := open(t, url, func(c *Config) { c.Ours = ours }), t.Context()
	self := func(p, root mirror.Path) Alias {
		a := site(p)
		a.Host, a.Port, a.Root = "self", 2121, root
		return a
	}
	want(t, "to what is above itself", s.AddAlias(ctx, self("/a", "/"), ""), ErrLoop)
	want(t, "to itself", s.AddAlias(ctx, self("/a", "/a"), ""), ErrLoop)
	want(t, "to what is below itself", s.AddAlias(ctx, self("/a", "/a/b"), ""), ErrLoop)
	must(t, s.AddAlias(ctx, self("/a", "/b"), ""))
	must(t, s.AddAlias(ctx, self("/b", "/c/d"), ""))
	want(t, "by way of two others", s.AddAlias(ctx, self("/c", "/a/x"), ""), ErrLoop)
	other := site("/c")
	other.Host = "elsewhere"
	must(t, s.AddAlias(ctx, other, ""))
	want(t, "a change of the host", s.ChangeAlias(ctx, "/c", nil, func(a *Alias) { a.Host, a.Port, a.Root = "self", 2121, "/a" }), ErrLoop)
	want(t, "a change of the root", s.ChangeAlias(ctx, "/b", nil, func(a *Alias) { a.Root = "/" }), ErrLoop)
	_, err := s.AddMember(ctx, 0, 1, "/a")
	want(t, "ourselves as a member", err, ErrOurs)
	_, err = s.AddMember(ctx, 0, 1, "/c")
	must(t, err)
	want(t, "a member becomes ourselves", s.ChangeAlias(ctx, "/c", nil, func(a *Alias) { a.Host, a.Port, a.Root = "self", 2121, "/z" }), ErrOurs)
}

func mastersSeeEachOther(t *testing.T, url string) {
	key := OpenKey(filepath.Join(t.TempDir(), "key"))
	share := func(c *Config) { c.Key = key }
	one, other := open(t, url, share), open(t, url, share)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { _ = other.Run(ctx) })
	defer running.Wait()
	defer cancel()
	before := other.View()
	must(t, one.AddAlias(ctx, site("/a"), "pass"))
	began := time.Now()
	for other.View() == before {
		if time.Since(began) > 2*time.Second {
			t.Fatal("the other master has not seen it within 2 s")
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("seen after %v", time.Since(began))
	if server, err := other.View().At("/a").Server(); err != nil || server.Password != "pass" {
		t.Errorf("the other master has no password: %v", err)
	}
}

func changesAtOnce(t *testing.T, url string) {
	key := OpenKey(filepath.Join(t.TempDir(), "key"))
	share := func(c *Config) { c.Key = key }
	stores := []*Store{open(t, url, share), open(t, url, share)}
	must(t, stores[0].AddAlias(t.Context(), site("/a"), ""))
	must(t, stores[1].Refresh(t.Context()))
	const each = 8
	var adding sync.WaitGroup
	for _, s := range stores {
		adding.Go(func() {
			for range each {
				if _, err := s.AddMember(t.Context(), 0, 1, "/a"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	adding.Wait()
	must(t, stores[0].Refresh(t.Context()))
	if n := len(stores[0].View().Entries()); n != 2*each {
		t.Errorf("%d entries, want %d", n, 2*each)
	}
}

func serversAnswer(t *testing.T, url string) {
	asking := open(t, url)
	if all, err := asking.Ask(t.Context()); err != nil || len(all) != 0 {
		t.Fatalf("where nobody runs: %v, %v", all, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	server := open(t, url, func(c *Config) {
		c.Server = "here[1]"
		c.Answer = func() State {
			return State{Sites: []Site{{Alias: "/a", Waiting: 2, Connections: []Connection{{State: "idle", Peer: "192.0.2.1:21"}}}}}
		}
	})
	must(t, server.enlist(ctx))
	gone := open(t, url, func(c *Config) { c.Server = "gone[1]" })
	must(t, gone.enlist(ctx))
	var running sync.WaitGroup
	running.Go(func() { _ = server.Run(ctx) })
	all, err := asking.Ask(ctx)
	must(t, err)
	if len(all) != 1 || all[0].Server != "here[1]" || len(all[0].Sites) != 1 || all[0].Sites[0].Waiting != 2 {
		t.Errorf("answered: %+v", all)
	}
	cancel()
	running.Wait()
	if all, err := asking.Ask(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("afterwards: %v, %v", all, err)
	}
}
