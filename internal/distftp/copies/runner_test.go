package copies

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// A shop is a runner with slaves that do not exist.
type shop struct {
	*yard
	t       *testing.T
	runner  *Runner
	chooser *choice.Chooser
}

// eachDatabase runs a test on SQLite and on MariaDB.
func eachDatabase(t *testing.T, test func(t *testing.T, s *shop)) {
	for name, url := range map[string]func(*testing.T) string{
		"sqlite":  func(t *testing.T) string { return "sqlite:" + t.TempDir() + "/ftpd.db" },
		"mariadb": func(t *testing.T) string { return testbed.MariaDB(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, openShop(t, url(t)))
		})
	}
}

func openShop(t *testing.T, url string) *shop {
	db, err := database.Open(t.Context(), url, database.FTPServer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s := &shop{yard: newYard(), t: t, chooser: choice.New(nil)}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	s.catalogue, err = catalogue.Open(t.Context(), catalogue.Config{
		DB: db, Master: "test", Log: log, Settle: func(p mirror.Path) bool { return s.runner.Settles(p) },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.runner = New(Config{Catalogue: s.catalogue, Chooser: s.chooser, Fleet: s.yard, Log: log, Grace: time.Hour})
	return s
}

// open puts slaves there.
func (s *shop) open(names ...string) {
	for _, text := range names {
		name, rack, _ := strings.Cut(text, "/")
		f := s.add(s.t, name, rack)
		state, _ := f.State(s.t.Context())
		s.chooser.Report(name, state)
	}
	s.look()
}

func (s *shop) rule(r choice.Rule) {
	s.t.Helper()
	if err := s.catalogue.SetRule(s.t.Context(), r); err != nil {
		s.t.Fatal(err)
	}
	s.look()
}

func (s *shop) look() {
	s.t.Helper()
	if err := s.runner.look(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// named returns a slave.
func (s *shop) named(name string) *fake {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.slaves {
		if f.name == name {
			return f
		}
	}
	s.t.Fatalf("no slave %s", name)
	return nil
}

// upload stores a file on a slave.
func (s *shop) upload(slave string, p mirror.Path, content string) {
	s.t.Helper()
	f := s.named(slave)
	op, err := s.catalogue.Op(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	secret := fmt.Appendf(nil, "upload %d", op)
	f.yard.meet(secret) <- []byte(content)
	prepared, err := f.Receive(s.t.Context(), wire.Receive{Op: op, From: &wire.Place{Secret: secret}}, nil)
	if err == nil {
		_, err = s.catalogue.Commit(s.t.Context(), catalogue.Arrival{Path: p, Slave: f.id, Prepared: prepared, Owner: "ann"}, nil)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	f.deliver(s.t)
}

// work does all jobs that are due, and what follows from them.
func (s *shop) work() {
	s.t.Helper()
	s.look()
	for range 100 {
		done := 0
		for kind, do := range map[string]func(context.Context, catalogue.Job) error{
			catalogue.SettleJob: s.runner.settle, catalogue.SweepJob: s.runner.sweep, DamagedJob: s.runner.repair,
		} {
			jobs, err := s.catalogue.ClaimJobs(s.t.Context(), kind, 10, lease)
			if err != nil {
				s.t.Fatal(err)
			}
			for _, j := range jobs {
				s.runner.work(s.t.Context(), j, do)
			}
			done += len(jobs)
		}
		s.mu.Lock()
		all := s.slaves
		s.mu.Unlock()
		for _, f := range all {
			if f.online {
				f.deliver(s.t)
			}
		}
		if done == 0 {
			return
		}
	}
	s.t.Fatal("the work does not end")
}

// holders returns who has a file, by the database, and checks that those have it.
func (s *shop) holders(p mirror.Path, content string) string {
	s.t.Helper()
	file, err := s.catalogue.File(s.t.Context(), p)
	if err != nil {
		s.t.Fatal(err)
	}
	var names []string
	for _, h := range file.Holders {
		s.mu.Lock()
		f := s.slaves[h.Slave]
		s.mu.Unlock()
		names = append(names, f.name)
		if got := f.files[wire.Path(p)]; f.online && (string(got.content) != content || got.version != file.Ref.Version) {
			s.t.Errorf("%s has %q of version %d as %s, want %q of %d", f.name, got.content, got.version, p, content, file.Ref.Version)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (s *shop) want(p mirror.Path, content, holders string) {
	s.t.Helper()
	if got := s.holders(p, content); got != holders {
		s.t.Errorf("%s is on %s, want %s", p, got, holders)
	}
}

func TestUploadsAreCopied(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *shop) {
		s.open("a/r1", "b/r1", "c/r2")
		s.rule(choice.Rule{Path: "/pub", Copies: 2})
		if err := s.catalogue.MakeDir(t.Context(), "/pub"); err != nil {
			t.Fatal(err)
		}
		s.upload("a", "/pub/x", "content")
		s.upload("a", "/y", "other")
		s.work()
		s.want("/pub/x", "content", "a c")
		s.want("/y", "other", "a")
		s.upload("c", "/pub/x", "newer") // the copy of what was there goes, and one of this comes
		s.work()
		s.want("/pub/x", "newer", map[bool]string{true: "a c", false: "b c"}[strings.HasPrefix(s.holders("/pub/x", "newer"), "a")])
	})
}

func TestRulesThatChange(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *shop) {
		s.open("a", "b", "c")
		for i := range 30 {
			s.upload("a", mirror.Path(fmt.Sprint("/f", i)), fmt.Sprint("content ", i))
		}
		s.rule(choice.Rule{Path: "/", Copies: 3})
		s.work()
		for i := range 30 {
			s.want(mirror.Path(fmt.Sprint("/f", i)), fmt.Sprint("content ", i), "a b c")
		}
		s.rule(choice.Rule{Path: "/", Copies: 1, Only: []string{"b"}})
		s.work()
		for i := range 30 {
			s.want(mirror.Path(fmt.Sprint("/f", i)), fmt.Sprint("content ", i), "b")
		}
		if n := len(s.named("a").files); n != 0 {
			t.Errorf("a has %d files still", n)
		}
	})
}

// A slave that is lost is replaced, and when it comes back there are not too many copies.
func TestLostAndBack(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *shop) {
		s.open("a", "b", "c")
		s.rule(choice.Rule{Path: "/", Copies: 2, Prefer: []string{"a", "b"}})
		s.upload("a", "/x", "content")
		s.work()
		s.want("/x", "content", "a b")
		s.named("b").set(false)
		s.work()
		s.want("/x", "content", "a b") // it may come back at once
		later := time.Now().Add(2 * time.Hour)
		s.runner.Now = func() time.Time { return later }
		s.work()
		s.want("/x", "content", "a b c")
		s.named("b").set(true)
		s.named("b").report(t)
		s.work()
		s.want("/x", "content", "a b")
	})
}

func TestDrain(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *shop) {
		s.open("a", "b")
		for i := range 20 {
			s.upload("a", mirror.Path(fmt.Sprint("/f", i)), fmt.Sprint(i))
		}
		if err := s.catalogue.SetDrain(t.Context(), s.named("a").id, true); err != nil {
			t.Fatal(err)
		}
		s.work()
		for i := range 20 {
			s.want(mirror.Path(fmt.Sprint("/f", i)), fmt.Sprint(i), "b")
		}
		if err := s.catalogue.RemoveSlave(t.Context(), s.named("a").id, false); err != nil {
			t.Error(err)
		}
	})
}

// What cannot be done yet is done when a slave comes that makes it possible.
func TestTooFewSlaves(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *shop) {
		s.open("a")
		s.rule(choice.Rule{Path: "/", Copies: 2})
		s.upload("a", "/x", "content")
		s.work()
		s.want("/x", "content", "a")
		if got := s.runner.Counts.Short.Load(); got != 1 {
			t.Errorf("%d files are known to be short, want 1", got)
		}
		s.open("b")
		s.work()
		s.want("/x", "content", "a b")
		if got := s.runner.Counts.Short.Load(); got != 0 {
			t.Errorf("%d files are known to be short, want none", got)
		}
	})
}

// A slave that is being compared is sent nothing, as it may have the file already.
func TestNotCompared(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *shop) {
		s.open("a", "b")
		s.named("b").behind = true
		s.rule(choice.Rule{Path: "/", Copies: 2})
		s.upload("a", "/x", "content")
		s.work()
		s.want("/x", "content", "a")
		s.open("c")
		s.upload("a", "/y", "other")
		s.work()
		s.want("/y", "other", "a c")
		s.named("b").behind = false
		s.named("c").set(false)
		s.look()
		file, err := s.catalogue.File(t.Context(), "/x")
		if err == nil {
			err = s.runner.settle(t.Context(), catalogue.Job{Kind: catalogue.SettleJob, Node: file.Node})
		}
		if err != nil {
			t.Fatal(err)
		}
		s.named("b").deliver(t)
		s.want("/x", "content", "a b")
	})
}

// A copy that a slave finds damaged is replaced by what another has, and one that nobody
// else has is not touched.
func TestDamage(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *shop) {
		s.open("a", "b")
		s.rule(choice.Rule{Path: "/", Copies: 2})
		s.upload("a", "/x", "content")
		s.work()
		a := s.named("a")
		rot := func(f *fake) []wire.Damage {
			file := f.files["/x"]
			f.files["/x"] = stored{file.version, []byte("cOntent")}
			return []wire.Damage{{Ref: wire.Ref{Path: "/x", Version: file.version, Size: 7}, Fault: wire.Rotten, Text: "another checksum"}}
		}
		if err := s.runner.Damaged(t.Context(), a.id, rot(a)); err != nil {
			t.Fatal(err)
		}
		s.work()
		s.want("/x", "content", "a b")
		if got := s.runner.Counts.Repaired.Load(); got != 1 {
			t.Errorf("%d repairs, want 1", got)
		}
		// It is told of once more, though it is mended.
		received := a.receives
		if err := s.runner.Damaged(t.Context(), a.id, []wire.Damage{{Ref: wire.Ref{Path: "/x", Version: a.files["/x"].version, Size: 7}, Fault: wire.Rotten}}); err != nil {
			t.Fatal(err)
		}
		s.work()
		if a.receives != received {
			t.Error("a sound copy was fetched anew")
		}
		// The only one.
		s.rule(choice.Rule{Path: "/", Copies: 1, Only: []string{"a"}})
		s.work()
		s.want("/x", "content", "a")
		if err := s.runner.Damaged(t.Context(), a.id, rot(a)); err != nil {
			t.Fatal(err)
		}
		s.work()
		s.want("/x", "cOntent", "a")
	})
}

// What a source gives is verified: nothing damaged becomes a copy, and the source is
// mended by another.
func TestSpoiltSource(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *shop) {
		s.open("a", "b")
		s.upload("a", "/x", "content")
		s.named("a").spoil = true
		s.rule(choice.Rule{Path: "/", Copies: 2})
		s.work()
		s.want("/x", "content", "a")
		if s.runner.Counts.Failed.Load() == 0 {
			t.Error("no copy has failed")
		}
		s.named("a").spoil = false
		later := time.Now().Add(time.Hour)
		s.runner.Now = func() time.Time { return later }
		if err := s.catalogue.HastenJobs(t.Context(), catalogue.SettleJob); err != nil {
			t.Fatal(err)
		}
		s.work()
		s.want("/x", "content", "a b")
	})
}

// Run does by itself what the other tests do step by step, and ends when it is told to.
func TestRun(t *testing.T) {
	eachDatabase(t, func(t *testing.T, s *shop) {
		s.open("a", "b")
		s.rule(choice.Rule{Path: "/", Copies: 2})
		s.upload("a", "/x", "content")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.runner.Run(ctx)
		}()
		for deadline := time.Now().Add(20 * time.Second); s.runner.Counts.Copies.Load() == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("no copy was made")
			}
		}
		cancel()
		<-done
		s.named("b").deliver(t)
		s.want("/x", "content", "a b")
	})
}
