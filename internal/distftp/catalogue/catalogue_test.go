package catalogue

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

var _ control.Writer = (*Catalogue)(nil)

func freshSQLite(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "ftpd.db") }

func TestSQLite(t *testing.T)  { contract(t, freshSQLite) }
func TestMariaDB(t *testing.T) { contract(t, testbed.MariaDB) }

func TestStrictMariaDB(t *testing.T) {
	contract(t, testbed.StrictMariaDB(t).Database)
}

// contract is what every database keeps.
func contract(t *testing.T, fresh func(testing.TB) string) {
	for name, test := range map[string]func(*testing.T, string){
		"directories": directoriesComeAndGo,
		"links":       linksAreFollowed,
		"uploads":     uploadsAreCommitted,
		"renames":     renamesReachSlaves,
		"copies":      copiesAreCounted,
		"jobs":        jobsAreClaimed,
		"together":    changesAtOnce,
		"masters":     mastersSeeEachOther,
		"dead master": deadMastersCommitNothing,
		"slaves":      slavesAreKept,
		"listing":     listingsAreWhole,
		"compare":     slavesAreCompared,
		"lost":        databasesAreFilledFromSlaves,
		"large":       largeDirectoriesAreCompared,
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

func open(t testing.TB, url string, change ...func(*Config)) *Catalogue {
	t.Helper()
	db, err := database.Open(t.Context(), url, database.FTPServer)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	config := Config{DB: db, Master: "one", Log: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&config)
	}
	c, err := Open(t.Context(), config)
	must(t, err)
	return c
}

func slave(t testing.TB, c *Catalogue, name string) SlaveID {
	t.Helper()
	s, err := c.AddSlave(t.Context(), name)
	must(t, err)
	return s.ID
}

// upload commits a file of so many bytes.
func upload(t testing.TB, c *Catalogue, s SlaveID, p mirror.Path, size int64) Committed {
	t.Helper()
	op, err := c.Op(t.Context())
	must(t, err)
	done, err := c.Commit(t.Context(), Arrival{Path: p, Slave: s, Prepared: wire.Prepared{Op: op, Size: size, Sums: wire.Sums{CRC32: 7}}, Owner: "ann"}, nil)
	must(t, err)
	return done
}

// deeds are what a slave is to do, one a line.
func deeds(t testing.TB, c *Catalogue, s SlaveID, after uint64) string {
	t.Helper()
	list, err := c.Intents(t.Context(), s, after, 1000)
	must(t, err)
	var lines []string
	for _, i := range list {
		if i.Prev != after || i.Seq <= i.Prev {
			t.Errorf("intent %d follows %d, and comes after %d", i.Seq, i.Prev, after)
		}
		after = i.Seq
		lines = append(lines, strings.TrimSpace(string(i.Deed)+" "+string(i.Path)+" "+string(i.To)))
	}
	if last := c.Last(s); last != after {
		t.Errorf("the last intent is %d, known is %d", after, last)
	}
	return strings.Join(lines, "\n")
}

func names(t testing.TB, c *Catalogue, p mirror.Path) []string {
	t.Helper()
	d, err := c.OpenDir(t.Context(), p)
	must(t, err)
	defer d.Close()
	var all []string
	for {
		e, err := d.Next()
		if err == io.EOF {
			return all
		}
		must(t, err)
		all = append(all, e.Name)
	}
}

func directoriesComeAndGo(t *testing.T, url string) {
	c, ctx := open(t, url), t.Context()
	must(t, c.MakeDir(vfs.WithUser(ctx, "ann"), "/a"))
	must(t, c.MakeDir(ctx, "/a/\xff b"))
	e, err := c.Lstat(ctx, "/a")
	must(t, err)
	if e.Name != "a" || e.Kind != vfs.Directory || e.Owner != "ann" || e.Mode != fs.ModeDir|0o755 || time.Since(e.ModTime) > time.Minute {
		t.Errorf("got %+v", e)
	}
	if e, err := c.Stat(ctx, "/"); err != nil || e.Kind != vfs.Directory {
		t.Errorf("the root: %+v, %v", e, err)
	}
	if got := names(t, c, "/a"); !slices.Equal(got, []string{"\xff b"}) {
		t.Errorf("got %q", got)
	}
	want(t, "again", c.MakeDir(ctx, "/a"), fs.ErrExist)
	want(t, "nowhere", c.MakeDir(ctx, "/no/b"), fs.ErrNotExist)
	want(t, "long", c.MakeDir(ctx, mirror.Path("/"+strings.Repeat("x", 256))), vfs.ErrName)
	want(t, "reserved", c.MakeDir(ctx, "/.ftpd-slave"), vfs.ErrName)
	want(t, "root", c.MakeDir(ctx, "/"), fs.ErrPermission)
	want(t, "full", c.RemoveDir(ctx, "/a"), vfs.ErrNotEmpty)
	_, err = c.Remove(ctx, "/a/\xff b")
	want(t, "no file", err, vfs.ErrNotRegular)
	must(t, c.SetMode(ctx, "/a", 0o700))
	must(t, c.SetTime(ctx, "/a", time.Unix(1, 5)))
	if e, err := c.Stat(ctx, "/a"); err != nil || e.Mode.Perm() != 0o700 || !e.ModTime.Equal(time.Unix(1, 5)) {
		t.Errorf("got %+v, %v", e, err)
	}
	must(t, c.RemoveDir(ctx, "/a/\xff b"))
	must(t, c.RemoveDir(ctx, "/a"))
	_, err = c.Lstat(ctx, "/a")
	want(t, "removed", err, fs.ErrNotExist)
	want(t, "removed twice", c.RemoveDir(ctx, "/a"), fs.ErrNotExist)
	want(t, "chmod of the root", c.SetMode(ctx, "/", 0o700), fs.ErrPermission)
}

func linksAreFollowed(t *testing.T, url string) {
	c, ctx := open(t, url), t.Context()
	s := slave(t, c, "s")
	must(t, c.MakeDir(ctx, "/d"))
	must(t, c.MakeDir(ctx, "/d/e"))
	must(t, c.Symlink(ctx, "d/e", "/l"))
	upload(t, c, s, "/l/f", 3)
	must(t, c.Symlink(ctx, "../../l/./f", "/d/e/g"))
	must(t, c.Symlink(ctx, "nowhere", "/n"))
	must(t, c.Symlink(ctx, "round", "/round"))
	for p, to := range map[mirror.Path]wire.Path{"/l/f": "/d/e/f", "/l/g": "/d/e/f", "/d/e/g": "/d/e/f"} {
		f, err := c.File(ctx, p)
		if err != nil || f.Ref.Path != to || f.Ref.Size != 3 {
			t.Errorf("%s: %+v, %v", p, f, err)
		}
	}
	e, err := c.Lstat(ctx, "/l")
	must(t, err)
	if e.Kind != vfs.Link || e.Target != "d/e" || e.Size != 3 {
		t.Errorf("got %+v", e)
	}
	_, err = c.Stat(ctx, "/n")
	want(t, "nowhere", err, fs.ErrNotExist)
	_, err = c.Stat(ctx, "/round")
	want(t, "round", err, fs.ErrPermission)
	_, err = c.File(ctx, "/l")
	want(t, "directory", err, vfs.ErrNotRegular)
	_, err = c.File(ctx, "/l/f/x")
	want(t, "below a file", err, vfs.ErrNotDir)
	want(t, "absolute", c.Symlink(ctx, "/d", "/x"), fs.ErrPermission)
	want(t, "out", c.Symlink(ctx, "../d", "/x"), fs.ErrPermission)
	_, err = c.Rename(ctx, "/d/e/g", "/g")
	want(t, "out by a rename", err, fs.ErrPermission)
	freed, err := c.Remove(ctx, "/l")
	if err != nil || freed != (vfs.Usage{}) {
		t.Errorf("the link took %v, %v", freed, err)
	}
	if got := names(t, c, "/d/e"); !slices.Equal(got, []string{"f", "g"}) {
		t.Errorf("got %q", got)
	}
}

func uploadsAreCommitted(t *testing.T, url string) {
	c, ctx := open(t, url), t.Context()
	a, b := slave(t, c, "a"), slave(t, c, "b")
	must(t, c.MakeDir(ctx, "/d"))
	must(t, c.SetTime(ctx, "/d", time.Unix(1, 0)))
	first := upload(t, c, a, "/d/f", 3)
	f, err := c.File(ctx, "/d/f")
	must(t, err)
	if f.Ref != (wire.Ref{Path: "/d/f", Version: first.File.Ref.Version, Size: 3}) || f.Owner != "ann" || !f.Summed || f.Sums.CRC32 != 7 ||
		!slices.Equal(f.Holders, []Holder{{a, first.Seq}}) {
		t.Errorf("got %+v", f)
	}
	if e, err := c.Stat(ctx, "/d"); err != nil || time.Since(e.ModTime) > time.Minute {
		t.Errorf("the directory was not modified: %+v, %v", e, err)
	}
	must(t, c.SetMode(ctx, "/d/f", 0o600))

	second := upload(t, c, b, "/d/f", 5)
	f, err = c.File(ctx, "/d/f")
	must(t, err)
	if f.Node != first.File.Node || f.Ref.Version <= first.File.Ref.Version || f.Ref.Size != 5 || len(f.Holders) != 1 || f.Holders[0].Slave != b {
		t.Errorf("got %+v", f)
	}
	if e, err := c.Stat(ctx, "/d/f"); err != nil || e.Mode != 0o600 {
		t.Errorf("got %+v, %v", e, err)
	}
	if got, want := deeds(t, c, a, 0), "publish /d/f\nremove /d/f"; got != want {
		t.Errorf("a: got %s, want %s", got, want)
	}
	if got, want := deeds(t, c, b, 0), "publish /d/f"; got != want {
		t.Errorf("b: got %s, want %s", got, want)
	}
	op, err := c.Op(ctx)
	must(t, err)
	if c.Idle(op) {
		t.Error("an operation under way counts as idle")
	}
	if c.Done(op); !c.Idle(op) || c.Idle(op+1<<20) {
		t.Error("the master does not know its own numbers")
	}
	_, err = c.Commit(ctx, Arrival{Path: "/d/f", Slave: a, Prepared: wire.Prepared{Op: op}, Base: &first.File.Ref}, nil)
	want(t, "resumed what has changed", err, vfs.ErrChanged)
	_, err = c.Commit(ctx, Arrival{Path: "/d/f", Slave: b, Prepared: wire.Prepared{Op: op, Size: 9}, Base: &second.File.Ref}, nil)
	must(t, err)
	_, err = c.Commit(ctx, Arrival{Path: "/d", Slave: a, Prepared: wire.Prepared{Op: op}}, nil)
	want(t, "over a directory", err, vfs.ErrNotRegular)
	_, err = c.Commit(ctx, Arrival{Path: "/f", Slave: 99, Prepared: wire.Prepared{Op: op}}, nil)
	want(t, "no slave", err, ErrNoSlave)
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = c.Commit(ended, Arrival{Path: "/f", Slave: a, Prepared: wire.Prepared{Op: op}}, nil)
	want(t, "too late", err, context.Canceled)
	_, err = c.Target(ctx, "/no/f")
	want(t, "nowhere", err, fs.ErrNotExist)
	target, err := c.Target(ctx, "/d/f")
	if err != nil || target.Path != "/d/f" || target.Old == nil || target.Old.Ref.Size != 9 {
		t.Errorf("got %+v, %v", target, err)
	}

	// A quota is charged for what a file takes more, and refuses.
	var charged []vfs.Usage
	charge := func(_ context.Context, u vfs.Usage) error {
		charged = append(charged, u)
		if u.Bytes > 100 {
			return vfs.ErrQuota
		}
		return nil
	}
	_, err = c.Commit(ctx, Arrival{Path: "/d/f", Slave: b, Prepared: wire.Prepared{Op: op, Size: 4}}, charge)
	must(t, err)
	if !slices.Equal(charged, []vfs.Usage{{}, {Bytes: -5}}) {
		t.Errorf("charged %v", charged)
	}
	_, err = c.Commit(ctx, Arrival{Path: "/d/f", Slave: b, Prepared: wire.Prepared{Op: op, Size: 1000}}, charge)
	want(t, "too much", err, vfs.ErrQuota)
	freed, err := c.Remove(ctx, "/d/f")
	if err != nil || freed != (vfs.Usage{Bytes: 4, Files: 1}) {
		t.Errorf("freed %v, %v", freed, err)
	}
	must(t, c.Applied(ctx, b, c.Last(b)))
	if s, err := c.Slave(ctx, "b"); err != nil || s.Applied != c.Last(b) || s.Last != c.Last(b) {
		t.Errorf("got %+v, %v", s, err)
	}
	if rest, err := c.Intents(ctx, b, 0, 10); err != nil || len(rest) > 0 && rest[0].Prev == 0 && c.tails.of[b].list == nil {
		t.Errorf("left %v, %v", rest, err)
	}
}

func renamesReachSlaves(t *testing.T, url string) {
	c, ctx := open(t, url), t.Context()
	a, b := slave(t, c, "a"), slave(t, c, "b")
	must(t, c.MakeDir(ctx, "/d"))
	must(t, c.MakeDir(ctx, "/d/e"))
	upload(t, c, a, "/d/x", 1)
	upload(t, c, b, "/d/e/y", 2)
	doneA, doneB := c.Last(a), c.Last(b)
	_, err := c.Rename(ctx, "/d", "/d/e/d")
	want(t, "into itself", err, vfs.ErrPlace)
	_, err = c.Rename(ctx, "/d/x", "/d/e")
	want(t, "over a directory", err, fs.ErrExist)
	_, err = c.Rename(ctx, "/no", "/d/z")
	want(t, "nothing", err, fs.ErrNotExist)
	freed, err := c.Rename(ctx, "/d/x", "/d/x")
	if err != nil || freed != (vfs.Usage{}) {
		t.Errorf("to itself: %v, %v", freed, err)
	}
	freed, err = c.Rename(ctx, "/d/x", "/d/e/y")
	if err != nil || freed != (vfs.Usage{Bytes: 2, Files: 1}) {
		t.Errorf("freed %v, %v", freed, err)
	}
	_, err = c.Rename(ctx, "/d", "/n")
	must(t, err)
	f, err := c.File(ctx, "/n/e/y")
	if err != nil || f.Ref.Size != 1 || f.Ref.Path != "/n/e/y" || len(f.Holders) != 1 || f.Holders[0].Slave != a {
		t.Errorf("got %+v, %v", f, err)
	}
	if f, err = c.Node(ctx, f.Node); err != nil || f.Ref.Path != "/n/e/y" {
		t.Errorf("got %+v, %v", f, err)
	}
	if got, want := deeds(t, c, a, doneA), "rename /d/x /d/e/y\nrename /d /n"; got != want {
		t.Errorf("a: got %s, want %s", got, want)
	}
	if got, want := deeds(t, c, b, doneB), "remove /d/e/y\nrename /d /n"; got != want {
		t.Errorf("b: got %s, want %s", got, want)
	}
	_, err = c.File(ctx, "/d/e/y")
	want(t, "the old name", err, fs.ErrNotExist)
}

func copiesAreCounted(t *testing.T, url string) {
	c, ctx := open(t, url, func(c *Config) { c.Settle = func(p mirror.Path) bool { return p != "/other" } }), t.Context()
	a, b := slave(t, c, "a"), slave(t, c, "b")
	done := upload(t, c, a, "/f", 3)
	upload(t, c, a, "/other", 3)
	file, ref := done.File.Node, done.File.Ref
	op, err := c.Op(ctx)
	must(t, err)
	_, err = c.AddCopy(ctx, b, file, ref, wire.Prepared{Op: op, Size: 3, Sums: wire.Sums{CRC32: 8}})
	want(t, "another content", err, vfs.ErrChanged)
	_, err = c.AddCopy(ctx, b, file, wire.Ref{Version: ref.Version - 1}, wire.Prepared{Op: op, Size: 3, Sums: wire.Sums{CRC32: 7}})
	want(t, "another version", err, vfs.ErrChanged)
	for range 2 { // the second time as a repair
		seq, err := c.AddCopy(ctx, b, file, ref, wire.Prepared{Op: op, Size: 3, Sums: wire.Sums{CRC32: 7}})
		if err != nil || seq != c.Last(b) {
			t.Errorf("got %d, %v", seq, err)
		}
	}
	f, err := c.File(ctx, "/f")
	if err != nil || len(f.Holders) != 2 {
		t.Errorf("got %+v, %v", f, err)
	}
	for _, most := range []int{1, 10} {
		held, err := c.Held(ctx, a, 0, most)
		if err != nil || len(held) != min(most, 2) || held[0].Ref != ref || len(held[0].Holders) != 2 {
			t.Errorf("got %+v, %v", held, err)
		}
	}
	want(t, "the only copy", c.RemoveSlave(ctx, a, false), ErrOnly)
	if dropped, err := c.DropCopy(ctx, a, file, ref.Version, 2); err != nil || dropped {
		t.Errorf("dropped one that was needed: %v", err)
	}
	if dropped, err := c.DropCopy(ctx, a, file, ref.Version, 1); err != nil || !dropped {
		t.Errorf("not dropped: %v", err)
	}
	if dropped, err := c.DropCopy(ctx, b, file, ref.Version, 0); err != nil || dropped {
		t.Errorf("dropped the last one: %v", err)
	}
	must(t, c.LoseCopy(ctx, b, file, ref.Version))
	if f, err = c.File(ctx, "/f"); err != nil || len(f.Holders) != 0 {
		t.Errorf("got %+v, %v", f, err)
	}
	all, err := c.Files(ctx, 0, 10)
	if err != nil || len(all) != 2 {
		t.Errorf("got %+v, %v", all, err)
	}
	jobs, err := c.ClaimJobs(ctx, SettleJob, 10, time.Minute)
	if err != nil || len(jobs) != 1 || jobs[0].Node != file {
		t.Errorf("got %+v, %v", jobs, err)
	}
	must(t, c.RemoveSlave(ctx, a, true))
	if f, err = c.File(ctx, "/other"); err != nil || len(f.Holders) != 0 {
		t.Errorf("got %+v, %v", f, err)
	}
	if _, err := c.Slave(ctx, "a"); !errors.Is(err, ErrNoSlave) {
		t.Errorf("got %v", err)
	}
}

func jobsAreClaimed(t *testing.T, url string) {
	c, ctx := open(t, url), t.Context()
	other := open(t, url, func(c *Config) { c.Master = "two" })
	must(t, c.AddJobs(ctx, []Job{{Kind: "x", Node: 1}, {Kind: "x", Node: 2, Detail: []byte("d")}, {Kind: "y"}, {Kind: "x", Node: 3, Due: time.Now().Add(time.Hour)}}))
	must(t, c.AddJobs(ctx, []Job{{Kind: "x", Node: 1}}))
	mine, err := c.ClaimJobs(ctx, "x", 1, time.Minute)
	must(t, err)
	theirs, err := other.ClaimJobs(ctx, "x", 10, time.Minute)
	must(t, err)
	if len(mine) != 1 || len(theirs) != 1 || mine[0].Node == theirs[0].Node {
		t.Fatalf("got %+v and %+v", mine, theirs)
	}
	must(t, c.RenewJob(ctx, mine[0], time.Hour))
	want(t, "somebody else's", c.RenewJob(ctx, theirs[0], time.Hour), ErrLease)
	must(t, c.AddJobs(ctx, []Job{{Kind: "x", Node: mine[0].Node}}))
	must(t, c.FinishJob(ctx, mine[0])) // asked for again meanwhile
	again, err := c.ClaimJobs(ctx, "x", 10, time.Minute)
	if err != nil || len(again) != 1 || again[0].ID != mine[0].ID {
		t.Fatalf("got %+v, %v", again, err)
	}
	must(t, c.FinishJob(ctx, again[0]))
	must(t, other.RetryJob(ctx, theirs[0], time.Hour, "it failed"))
	if none, err := c.ClaimJobs(ctx, "x", 10, time.Minute); err != nil || len(none) != 0 {
		t.Errorf("got %+v, %v", none, err)
	}
	must(t, c.HastenJobs(ctx, "x"))
	late, err := c.ClaimJobs(ctx, "x", 10, time.Minute)
	if err != nil || len(late) != 2 {
		t.Errorf("got %+v, %v", late, err)
	}
	all, err := c.Jobs(ctx, 10)
	if err != nil || len(all) != 3 {
		t.Errorf("got %+v, %v", all, err)
	}
	if counts, err := c.CountJobs(ctx); err != nil || counts["x"] != 2 || counts["y"] != 1 {
		t.Errorf("got %v, %v", counts, err)
	}
}

// Changes at the same time are all made, or refused each on its own.
func changesAtOnce(t *testing.T, url string) {
	c, ctx := open(t, url), t.Context()
	other := open(t, url, func(c *Config) { c.Master = "two" })
	s := slave(t, c, "s")
	errs := make(chan error)
	const n = 40
	for i := range n {
		go func() {
			for j := range 5 {
				m := []*Catalogue{c, other}[(i+j)%2]
				p := mirror.Path("/" + string(rune('a'+(i+j)%20)))
				switch j % 3 {
				case 0:
					op, err := m.Op(ctx)
					if err == nil {
						_, err = m.Commit(ctx, Arrival{Path: p, Slave: s, Prepared: wire.Prepared{Op: op, Size: 1}}, nil)
					}
					errs <- err
				case 1:
					_, err := m.Rename(ctx, p, p+"x")
					errs <- err
				case 2:
					_, err := m.Remove(ctx, p+"x")
					errs <- err
				}
			}
		}()
	}
	for range n * 5 {
		if err := <-errs; err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
	must(t, c.refresh(ctx))
	must(t, other.refresh(ctx))
	// What the intents say is what the names say.
	have := map[wire.Path]bool{}
	list, err := other.Intents(ctx, s, 0, 10000)
	must(t, err)
	last := uint64(0)
	for _, i := range list {
		if i.Prev != last {
			t.Fatalf("%d follows %d, not %d", i.Seq, i.Prev, last)
		}
		last = i.Seq
		switch i.Deed {
		case wire.Publish:
			have[i.Path] = true
		case wire.Rename:
			delete(have, i.Path)
			have[i.To] = true
		case wire.Remove:
			delete(have, i.Path)
		}
	}
	for _, m := range []*Catalogue{c, other} {
		all := names(t, m, "/")
		if len(all) != len(have) {
			t.Errorf("there are %q, the slave has %v", all, have)
		}
		for _, name := range all {
			f, err := m.File(ctx, mirror.Root.Join(name))
			if err != nil || !have[wire.Path("/"+name)] || len(f.Holders) != 1 || f.Holders[0].After != last {
				t.Errorf("%s: %+v, %v", name, f, err)
			}
		}
	}
}

func mastersSeeEachOther(t *testing.T, url string) {
	one := open(t, url)
	two := open(t, url, func(c *Config) { c.Master = "two" })
	ctx := t.Context()
	s := slave(t, one, "s")
	must(t, two.refresh(ctx))
	<-two.Wake(s)
	_, err := two.Lstat(ctx, "/f")
	want(t, "before", err, fs.ErrNotExist)
	oneSaw, twoSaw := one.Others(), two.Others()
	done := upload(t, one, s, "/f", 3)
	must(t, two.refresh(ctx))
	<-two.Wake(s)
	if one.Others() != oneSaw || two.Others() == twoSaw {
		t.Errorf("who has made a change takes it for one of others' %v, who has not %v", one.Others() != oneSaw, two.Others() != twoSaw)
	}
	f, err := two.File(ctx, "/f")
	if err != nil || f.Ref != done.File.Ref || f.Holders[0].After != done.Seq {
		t.Errorf("got %+v, %v", f, err)
	}
	// Changes see each other in any case.
	_, err = one.Lstat(ctx, "/g")
	want(t, "before", err, fs.ErrNotExist)
	must(t, two.MakeDir(ctx, "/g"))
	want(t, "made twice", one.MakeDir(ctx, "/g"), fs.ErrExist)
	_, err = two.Remove(ctx, "/f")
	must(t, err)
	_, err = one.Rename(ctx, "/f", "/h")
	want(t, "renamed what is removed", err, fs.ErrNotExist)

	masters, err := one.Masters(ctx)
	if err != nil || len(masters) != 2 || masters[0].Name != "one" || masters[1].Name != "two" {
		t.Errorf("got %+v, %v", masters, err)
	}
	oldest, err := two.Oldest(ctx)
	if err != nil || oldest != masters[0].ID {
		t.Errorf("got %d, %v", oldest, err)
	}
	running, cancel := context.WithCancel(ctx)
	ended := make(chan error)
	go func() { ended <- one.Run(running) }()
	cancel()
	must(t, <-ended)
	if masters, err = two.Masters(ctx); err != nil || len(masters) != 1 {
		t.Errorf("got %+v, %v", masters, err)
	}
}

// What a master has under way when another takes it for dead is never committed: the
// slaves may have dropped it.
func deadMastersCommitNothing(t *testing.T, url string) {
	one := open(t, url)
	two := open(t, url, func(c *Config) { c.Master = "two" })
	ctx := t.Context()
	s := slave(t, one, "s")
	op, err := one.Op(ctx)
	must(t, err)
	must(t, two.execute(ctx, "age", `UPDATE ftp_masters SET seen_at = 1 WHERE id = ?`, one.id.Load()))
	oldest, err := two.Oldest(ctx)
	must(t, err)
	if op >= oldest && oldest != two.id.Load() {
		t.Errorf("operation %d, the oldest master is %d", op, oldest)
	}
	late := Arrival{Path: "/f", Slave: s, Prepared: wire.Prepared{Op: op}}
	_, err = one.Commit(ctx, late, nil)
	want(t, "dead", err, ErrFenced)
	must(t, one.beat(ctx))
	_, err = one.Commit(ctx, late, nil)
	want(t, "of the life before", err, ErrFenced)
	upload(t, one, s, "/f", 1)
}

func slavesAreKept(t *testing.T, url string) {
	c, ctx := open(t, url), t.Context()
	id := slave(t, c, "s")
	if again := slave(t, c, "s"); again != id {
		t.Errorf("added twice: %d and %d", id, again)
	}
	must(t, c.Bind(ctx, id, "disk 1", 0))
	must(t, c.Bind(ctx, id, "disk 1", 0))
	want(t, "another disk", c.Bind(ctx, id, "disk 2", 0), ErrStorage)
	must(t, c.Report(ctx, id, wire.State{Storage: "disk 1", Free: 5, Rack: "r"}))
	must(t, c.InSync(ctx, id, 9, wire.SyncDigest{1, 2}))
	must(t, c.SetDrain(ctx, id, true))
	must(t, c.SetTrusted(ctx, id, true))
	want(t, "none", c.SetDrain(ctx, 99, true), ErrNoSlave)
	s, err := c.Slave(ctx, "s")
	must(t, err)
	if s.Storage != "disk 1" || s.Report.Free != 5 || s.Report.Rack != "r" || s.SyncSeq != 9 || s.SyncDigest != (wire.SyncDigest{1, 2}) ||
		!s.Drain || !s.Trusted || time.Since(s.Seen) > time.Minute || time.Since(s.Added) > time.Minute {
		t.Errorf("got %+v", s)
	}
	upload(t, c, id, "/f", 3)
	must(t, c.Unbind(ctx, id))
	must(t, c.Bind(ctx, id, "disk 2", 0))
	must(t, c.Bind(ctx, id, "disk 2", 0))
	if got := deeds(t, c, id, 0); got != "" {
		t.Errorf("got %s", got)
	}
	upload(t, c, id, "/g", 3)
	if got := deeds(t, c, id, 0); got != "publish /g" {
		t.Errorf("got %s", got)
	}

	// Folders that have seen more than the database.
	const seen = 1 << 30
	must(t, c.Unbind(ctx, id))
	want(t, "all numbers", c.Bind(ctx, id, "disk 2", 1<<62), ErrStorage)
	must(t, c.Bind(ctx, id, "disk 2", seen))
	upload(t, c, id, "/h", 3)
	if got := deeds(t, c, id, seen); got != "publish /h" {
		t.Errorf("got %s", got)
	}
	slave(t, c, "another")
	all, err := c.Slaves(ctx)
	if err != nil || len(all) != 2 || all[0].Name != "another" || all[1].Storage != "disk 2" {
		t.Errorf("got %+v, %v", all, err)
	}
}

// A listing goes on while names come and go, and has each name once.
func listingsAreWhole(t *testing.T, url string) {
	c, ctx := open(t, url), t.Context()
	s := slave(t, c, "s")
	must(t, c.MakeDir(ctx, "/d"))
	const n = 2*step + 10
	must(t, c.change(ctx, "fill", func(t *change) error {
		at, err := t.find("/d")
		if err != nil {
			return err
		}
		for i := range n {
			spot := spot{above: append(slices.Clone(at.above), at.node), name: string(rune(1000 + i))}
			if err := t.add(spot, node{Kind: fileKind}); err != nil {
				return err
			}
		}
		return nil
	}))
	d, err := c.OpenDir(ctx, "/d")
	must(t, err)
	seen := map[string]bool{}
	for i := 0; ; i++ {
		e, err := d.Next()
		if err == io.EOF {
			break
		}
		must(t, err)
		if seen[e.Name] {
			t.Fatalf("%q is there twice", e.Name)
		}
		seen[e.Name] = true
		if i == 5 {
			_, err := c.Remove(ctx, mirror.Path("/d/"+e.Name))
			must(t, err)
			upload(t, c, s, "/d/\x01", 1)
			upload(t, c, s, "/d/\xff", 1)
		}
	}
	if len(seen) != n+1 || !seen["\xff"] || seen["\x01"] {
		t.Errorf("%d names", len(seen))
	}
}
