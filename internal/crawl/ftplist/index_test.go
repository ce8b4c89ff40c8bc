package ftplist

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/listing"
	"mirrortracker/internal/mirror"
)

// A published is a site that publishes an index file: its directories by path, each
// with the lines that list it, and the index.
type published struct {
	name  string
	dirs  map[string][]string
	index string
	made  time.Time
}

// shelves is how many directories of one file a published site has.
const shelves = 40

// publish returns a site of so many directories with an index file that is right.
func publish(name string) *published {
	p := &published{name: name, dirs: map[string][]string{"/": {dir}}, made: now.Add(-6 * time.Hour)}
	var text strings.Builder
	fmt.Fprintf(&text, ".:\ntotal 4\n%s\n./dir:\ntotal 8\n", dir)
	for i := range shelves {
		line := fmt.Sprintf("drwxr-xr-x 2 ftp ftp 4096 Feb 20 10:00 shelf-%d\r\n", i)
		p.dirs["/dir"] = append(p.dirs["/dir"], line)
		text.WriteString(line)
	}
	for i := range shelves {
		line := fmt.Sprintf("-rw-r--r-- 1 ftp ftp %d Feb 20 10:00 file-%d\r\n", i, i)
		p.dirs[fmt.Sprintf("/dir/shelf-%d", i)] = []string{line}
		fmt.Fprintf(&text, "\n./dir/shelf-%d:\ntotal 4\n%s", i, line)
	}
	p.index = strings.ReplaceAll(text.String(), "\r", "")
	return p
}

// walk walks the site and returns what there is in the directory below its root, and
// how many directories came from the index.
func (p *published) walk(t *testing.T, change func(script), settings func(*Config)) (found digest.ID, indexed int64, s *site) {
	t.Helper()
	lists := map[string]string{}
	for path, lines := range p.dirs {
		lists[path] = dots + strings.Join(lines, "")
	}
	lists["/"] += fmt.Sprintf("-rw-r--r-- 1 ftp ftp %d %s %s\r\n", len(p.index), p.made.Format("Jan _2 15:04"), p.name)
	acts := script{
		"LIST":           byDir(lists),
		"RETR":           transfer(p.index),
		"MDTM " + p.name: say("213 " + p.made.Format("20060102150405")),
	}
	if change != nil {
		change(acts)
	}
	s = open(t, acts, func(c *Config) {
		c.Way = Index
		if settings != nil {
			settings(c)
		}
	})
	var last lastTree
	w := crawl.Walker{Open: s.source.Open, Sink: &last, Connections: 1, Limits: s.source.cfg.Limits, Retry: crawl.Retry{Tries: 3, Pause: time.Millisecond}, Now: s.source.cfg.Now}
	result, err := w.Start(t.Context()).Wait()
	if err != nil || result.Incomplete > 0 {
		t.Fatal(err, result.Problems)
	}
	for c := range last.Children() {
		found = c.ID
	}
	s.source.mu.Lock()
	defer s.source.mu.Unlock()
	return found, s.source.counts[Index], s
}

// A lastTree is a sink that keeps the last tree, which is the root's.
type lastTree struct{ *digest.Tree }

func (l *lastTree) Put(t *digest.Tree)          { l.Tree = t }
func (l *lastTree) Ready(context.Context) error { return nil }

// as returns the site with an index of another name, with another content.
func (p *published) as(name, index string) *published {
	return &published{name, p.dirs, index, p.made}
}

// of returns the site with an index of another age.
func (p *published) of(age time.Duration) *published {
	return &published{p.name, p.dirs, p.index, now.Add(-age)}
}

// replaced returns the index with another text for a part of it.
func (p *published) replaced(t *testing.T, old, new string) *published {
	t.Helper()
	changed := *p
	if changed.index = strings.ReplaceAll(p.index, old, new); changed.index == p.index {
		t.Fatalf("the index does not hold %q", old)
	}
	return &changed
}

func TestIndexIsUsed(t *testing.T) {
	t.Parallel()
	good := publish("ls-lR")
	want, _, _ := good.walk(t, nil, withWay(Single))
	for name, p := range map[string]*published{
		"GNU":              good,
		"with dots":        good.replaced(t, "total 4\n", "total 4\n"+strings.ReplaceAll(dots, "\r", "")),
		"CRLF":             good.replaced(t, "\n", "\r\n"),
		"no first heading": good.replaced(t, ".:\n", "").replaced(t, "./", ""),
		"no dot":           good.replaced(t, "./", ""),
		"absolute":         good.replaced(t, ".:\n", "/srv/ftp:\n").replaced(t, "./", "/srv/ftp/"),
		"absolute, slash":  good.replaced(t, ".:\n", "/srv/ftp/:\n").replaced(t, "./", "/srv/ftp/"),
		"of the system":    good.replaced(t, ".:\n", "/:\n").replaced(t, "./", "/"),
		"hidden":           good.replaced(t, "./dir:\n", "./dir:\ndrwxr-xr-x 2 ftp ftp 4096 Feb 28 10:00 .trace\n").replaced(t, "\n./dir/shelf-0:", "\n./dir/.trace:\n"+strings.ReplaceAll(file, "\r", "")+"\n./dir/shelf-0:"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, indexed, s := p.walk(t, nil, nil)
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
			if lists := s.Count("LIST"); indexed < 20 || int64(lists) > 42-indexed+1 {
				t.Errorf("%d listings, and %s", lists, s.source.Account())
			}
			if s.Count("RETR ls-lR") != 1 {
				t.Errorf("%q", commands(s, "RETR"))
			}
		})
	}
}

func withWay(way Way) func(*Config) { return func(c *Config) { c.Way = way } }

// What an index does not tell beyond doubt is listed live, and what it tells wrongly
// there does not matter.
func TestIndexInPart(t *testing.T) {
	t.Parallel()
	const bad = "?????????? ? ? ? ? ? file-7\n"
	good := publish("ls-lR")
	want, _, _ := good.walk(t, nil, withWay(Single))
	for name, p := range map[string]*published{
		"a bad line":     good.replaced(t, "-rw-r--r-- 1 ftp ftp 7 Feb 20 10:00 file-7\n", bad),
		"a masked name":  good.replaced(t, " file-7\n", " file?7\n"),
		"a quoted name":  good.replaced(t, " file-7\n", " 'file-7'\n"),
		"a name twice":   good.replaced(t, " file-7\n", " file-7\n-rw-r--r-- 1 ftp ftp 7 Feb 20 10:00 file-7\n"),
		"a missing one":  good.replaced(t, "./dir/shelf-7:\ntotal 4\n-rw-r--r-- 1 ftp ftp 7 Feb 20 10:00 file-7\n\n", ""),
		"a closed one":   good.replaced(t, "drwxr-xr-x 2 ftp ftp 4096 Feb 20 10:00 shelf-7\n", "drwx--x--x 2 ftp ftp 4096 Feb 20 10:00 shelf-7\n").replaced(t, " 7 Feb 20 10:00 file-7\n", " 77 Feb 20 10:00 file-7\n"),
		"a cut end":      good.as("ls-lR", strings.TrimSuffix(good.index, "-rw-r--r-- 1 ftp ftp 39 Feb 20 10:00 file-39\n")),
		"cut in a line":  good.as("ls-lR", strings.TrimSuffix(good.index, "-39\n")),
		"cut in half":    good.as("ls-lR", good.index[:strings.Index(good.index, "./dir/shelf-30")-1]),
		"doubtful above": good.replaced(t, "./dir:\n", "./dir:\n"+bad),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, indexed, s := p.walk(t, nil, nil)
			if got != want || indexed < 10 {
				t.Errorf("%s, want %s; %s", got, want, s.source.Account())
			}
		})
	}
}

// An index that is wrong is dropped, and nothing is taken from it.
func TestIndexIsDropped(t *testing.T) {
	t.Parallel()
	good := publish("ls-lR")
	want, _, _ := good.walk(t, nil, withWay(Single))
	act := func(command string, a ftpscript.Act) func(script) { return func(s script) { s[command] = a } }
	noMDTM := func(s script) {
		s["MDTM"] = say("502 no")
		delete(s, "MDTM ls-lR")
	}
	var many strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&many, "\n./dir/nothing-%d:\n", i)
	}
	for name, c := range map[string]struct {
		p      *published
		change func(script)
		why    string
	}{
		"too old":                 {good.of(36*time.Hour + time.Minute), nil, "older than 36h"},
		"too old by its day":      {good.of(37 * time.Hour), noMDTM, "ls-lR is of 2026-02-27 00:00:00"},
		"of the future":           {good.of(-25 * time.Hour), nil, "which is to come"},
		"refused":                 {good, act("RETR", say("550 no")), `550 no`},
		"shorter":                 {good, act("RETR", transfer(good.index[:1000])), "has 1000 bytes"},
		"longer":                  {good, act("RETR", transfer(good.index+"x")), "is longer than"},
		"aborted":                 {good, act("RETR", transfer(good.index, "451 disk")), "451 disk"},
		"odd end":                 {good, act("RETR", transfer(good.index, "200 fine")), "200 fine"},
		"other names":             {good.replaced(t, " file-", " File-"), nil, "does not agree with the server about /dir/shelf-"},
		"other sizes":             {good.replaced(t, " Feb 20 10:00 file", "0 Feb 20 10:00 file"), nil, " bytes of 2026-02-20 there"},
		"other days":              {good.replaced(t, "Feb 20 10:00 file", "Feb 21 10:00 file"), nil, "2026-02-21"},
		"other kinds":             {good.replaced(t, "-rw-r--r-- 1", "drwxr-xr-x 1"), nil, "does not agree"},
		"a name less":             {good.replaced(t, "-rw-r--r-- 1 ", "prw-r--r-- 1 "), nil, "is a"},
		"other times":             {good.replaced(t, "10:00 file", "09:00 file"), nil, "not in UTC"},
		"no times":                {good.replaced(t, "10:00 file", " 2026 file"), nil, "nothing shows that the dates in ls-lR are in UTC"},
		"no MDTM":                 {good, noMDTM, "nothing shows that the dates in ls-lR are in UTC"},
		"stray block":             {good.replaced(t, "./dir/shelf-7:", "./dir/shelf/7:"), nil, `"/dir/shelf/7"`},
		"block of a file":         {good.replaced(t, "./dir/shelf-7:", "./dir/shelf-6/file-6:"), nil, `"/dir/shelf-6/file-6"`},
		"block above":             {good.replaced(t, "./dir/shelf-7:", "./dir/..:"), nil, `"/dir/.."`},
		"block twice":             {good.replaced(t, "./dir/shelf-7:", "./dir/shelf-6:"), nil, "twice"},
		"two trees":               {good.replaced(t, "./dir/shelf-7:", "/dir/shelf-7:"), nil, `does not begin with "./"`},
		"other root":              {good.replaced(t, "dir\n\n./dir:", "other\n\n./dir:"), nil, `shows the directory "other"`},
		"root of less":            {good.replaced(t, dir[:len(dir)-2]+"\n\n./dir:", "\n./dir:"), nil, `the root shows the directory "dir"`},
		"Windows":                 {good.replaced(t, "-rw-r--r-- 1 ftp ftp 7 Feb 20 10:00 file-7", "02-20-26  10:00AM  7 file-7"), nil, "not of ls"},
		"no index":                {good.as("ls-lR", "Sorry.\n"), nil, "the root shows the directory"},
		"nothing":                 {good.as("ls-lR", "\n"), nil, "is empty"},
		"doubtful":                {good.replaced(t, "-rw-r--r-- 1", "-rw-r--r?? 1"), nil, "40 of 42 blocks are doubtful"},
		"a line without an end":   {good.as("ls-lR", good.index+strings.Repeat("x", 1<<20)), nil, "bytes of a line"},
		"directories of nothing":  {good.as("ls-lR", good.index+many.String()), nil, `"/dir/nothing-0"`},
		"not packed":              {good.as("ls-lR.gz", good.index), nil, "unpack"},
		"not xz":                  {good.as("ls-lR.xz", good.index), nil, "unpack"},
		"not zstd":                {good.as("ls-lR.zst", good.index), nil, "magic"},
		"much of nothing":         {good.as("ls-lR.gz", packed(t, strings.Repeat("\n", 12<<20))), nil, "longer than an index file"},
		"packed and cut":          {good.as("ls-lR.gz", packed(t, good.index)[:300]), nil, "unexpected EOF"},
		"packed with a wrong sum": {good.as("ls-lR.gz", packed(t, good.index)[:len(packed(t, good.index))-8]+"\x00\x00\x00\x00\x00\x00\x00\x00"), nil, "checksum"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, indexed, s := c.p.walk(t, c.change, nil)
			account := s.source.Account()
			if indexed > 0 || !strings.Contains(account, "not index: ls-lR") && !strings.Contains(account, "not index: nothing") || !strings.Contains(account, c.why) {
				t.Errorf("%s, want %q", account, c.why)
			}
			if got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}

func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// An index is not used where that is not wanted, and not where the connection broke
// over it.
func TestIndexIsLeftAlone(t *testing.T) {
	t.Parallel()
	p := publish("ls-lR")
	for name, settings := range map[string]func(*Config){
		"never":       func(c *Config) { c.MaxIndexAge = -1 },
		"another way": withWay(Single),
	} {
		if _, indexed, s := p.walk(t, nil, settings); indexed > 0 || s.Count("RETR") > 0 {
			t.Errorf("%s: %s", name, s.source.Account())
		}
	}
	for name, retr := range map[string]ftpscript.Act{
		"reset": func(s *ftpscript.Session) { s.Reply("150 soon"); d := s.Accept(); d.Send("x"); d.Reset(); s.Close() },
		"421":   transfer(p.index, "421 enough"),
	} {
		if _, indexed, s := p.walk(t, func(s script) { s["RETR"] = retr }, nil); indexed > 0 || s.Count("RETR") != 1 {
			t.Errorf("%s: %s", name, s.source.Account())
		}
	}
}

// A server that hangs up while the index is delivered is called again, and what lies
// below a doubtful directory still comes from the index.
func TestIndexServerHangsUp(t *testing.T) {
	t.Parallel()
	p := publish("ls-lR")
	want, _, _ := p.walk(t, nil, withWay(Single))
	p = p.replaced(t, "./dir:\n", "./dir:\n?????????? ? ? ? ? ? what\n")
	got, indexed, s := p.walk(t, func(s script) { s["NOOP"] = inTurn(ftpscript.HangUp, say("200 fine")) }, nil)
	if got != want || indexed < 20 || s.Count("RETR") != 1 {
		t.Errorf("%s, want %s; %s", got, want, s.source.Account())
	}
}

// A directory that changes while it is looked at is looked at again.
func TestIndexSecondLook(t *testing.T) {
	t.Parallel()
	p := publish("ls-lR")
	want, _, _ := p.walk(t, nil, withWay(Single))
	var changed ftpscript.Act
	got, indexed, s := p.walk(t, func(s script) {
		all := s["LIST"]
		changed = inTurn(all, transfer(dots+file), all) // the root, and the first of the sample
		s["LIST"] = changed
	}, nil)
	if got != want || indexed < 20 {
		t.Errorf("%s, want %s; %s", got, want, s.source.Account())
	}
}

// A transfer that takes too long is given up, and the crawl goes on.
func TestIndexTooSlow(t *testing.T) {
	t.Parallel()
	p := publish("ls-lR")
	_, indexed, s := p.walk(t, func(s script) {
		s["RETR"] = func(s *ftpscript.Session) { s.Reply("150 soon"); s.Accept().Send("x"); s.AwaitEnd() }
	}, func(c *Config) { c.Whole = 300 * time.Millisecond })
	if account := s.source.Account(); indexed > 0 || !strings.Contains(account, "takes too long") {
		t.Error(account)
	}
}

// What an index listed is as old as the index.
func TestIndexAge(t *testing.T) {
	t.Parallel()
	p := publish("ls-lR")
	x := p.open(t)
	if _, err := x.survey(t.Context(), p.root(), rand.New(rand.NewPCG(1, 2))); err != nil {
		t.Fatal(err)
	}
	work := &recorder{}
	if err := x.deliver(t.Context(), growFrom(work, &crawl.Task{Path: mirror.Root}), p.root()); !errors.Is(err, errNowhere) {
		t.Fatal(err)
	}
	if len(work.listed) != shelves+1 || len(work.returned) != 1 || work.returned[0] != "/dir/shelf-39" {
		t.Errorf("%d listed, %q returned", len(work.listed), work.returned)
	}
	for path, l := range work.listed {
		if path != mirror.Root && !l.Listed.Equal(x.made) {
			t.Errorf("%s is of %s", path, l.Listed)
		}
	}
}

var errNowhere = errors.New("no network here")

// open returns the index as if it had been fetched. There is no server behind it.
func (p *published) open(t testing.TB) *index {
	t.Helper()
	temp, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { temp.Close() })
	if _, err := temp.WriteString(p.index); err != nil {
		t.Fatal(err)
	}
	form := indexForms[len(indexForms)-1]
	nowhere := func(context.Context, string, string) (net.Conn, error) { return nil, errNowhere }
	return &index{
		indexFile: &indexFile{name: p.name, size: int64(len(p.index)), form: form, copy: temp},
		lister:    &lister{Source: &Source{cfg: Config{Whole: time.Minute, Conn: ftpconn.Config{Dial: nowhere}, Limits: crawl.DefaultLimits(), Now: func() time.Time { return now }}}},
		made:      now,
		fresh:     map[mirror.Path]crawl.Listing{},
	}
}

// root returns the listing of the root.
func (p *published) root() crawl.Listing {
	return crawl.Listing{Entries: []digest.Entry{{Name: "dir", Kind: digest.Dir}, {Name: p.name, Kind: digest.File, Size: int64(len(p.index))}}}
}

// A recorder is work that wants everything.
type recorder struct {
	listed   map[mirror.Path]crawl.Listing
	returned []mirror.Path
}

func (*recorder) Next(context.Context, crawl.End) (*crawl.Task, error) { return nil, nil }
func (*recorder) More(crawl.End) *crawl.Task                           { return nil }

func (r *recorder) Deliver(ctx context.Context, t *crawl.Task, l crawl.Listing) error {
	_, err := r.Hold(ctx, t, l)
	return err
}

func (r *recorder) Hold(_ context.Context, t *crawl.Task, l crawl.Listing) (held []*crawl.Task, err error) {
	if r.listed == nil {
		r.listed = map[mirror.Path]crawl.Listing{}
	}
	if _, again := r.listed[t.Path]; again {
		return nil, fmt.Errorf("%s is delivered twice", t.Path)
	}
	r.listed[t.Path] = l
	for _, e := range l.Entries {
		if e.Kind == digest.Dir && counts(e.Name) {
			held = append(held, &crawl.Task{Path: t.Path.Join(e.Name), Depth: t.Depth + 1})
		}
	}
	return held, nil
}

func (r *recorder) Return(tasks ...*crawl.Task) {
	for _, t := range tasks {
		r.returned = append(r.returned, t.Path)
	}
}

// The sample is of few directories, and those that matter are among it.
func TestIndexSample(t *testing.T) {
	t.Parallel()
	d := newDraw(rand.New(rand.NewPCG(1, 2)), listing.Dates{Now: now, Zone: time.UTC})
	stamp := func(month, day int) listing.Stamp {
		return listing.Stamp{Month: int8(month), Day: int8(day), Hour: 1, HasTime: true}
	}
	for i := range 10_000 {
		b := indexBlock{path: mirror.Path(fmt.Sprintf("/a/b/%d", i))}
		b.Entries = []listing.Entry{{Name: "x", Kind: digest.File, Stamp: stamp(1+i%2, 5)}}
		switch i {
		case 1000:
			b.Entries = make([]listing.Entry, 100)
		case 2000:
			b.path = "/a/b/2000/c/d"
		case 3000:
			b.path, b.Entries[0].Stamp = "/a/new/3000", stamp(2, 28)
		}
		d.add(b, 0)
	}
	sample := d.sample()
	if len(sample) > 20 || len(sample) < 10 {
		t.Errorf("%d: %q", len(sample), sample)
	}
	for _, want := range []mirror.Path{"/a/b/1000", "/a/b/2000/c/d", "/a/new", "/a/new/3000"} {
		if !slices.Contains(sample, want) {
			t.Errorf("%q lacks %s", sample, want)
		}
	}
	if len(d.months) != 2 {
		t.Errorf("%d months", len(d.months))
	}
}

// Whatever a file holds, reading it ends without a panic, and what is drawn has been
// shown by the file.
func FuzzIndex(f *testing.F) {
	good := publish("ls-lR")
	f.Add(good.index)
	f.Add(strings.ReplaceAll(good.index, "./", ""))
	f.Add("total 0\n" + dir + "\ndir:\n\n/dir/..:\n" + dots + link)
	f.Add(".:\n" + dir + "\n./dir:\n" + dir + "\n./dir/dir:\n" + file)
	f.Fuzz(func(t *testing.T, text string) {
		p := published{name: "ls-lR", index: text}
		x := p.open(t)
		sample, err := x.survey(t.Context(), p.root(), rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			if !ends(err) {
				t.Fatal(err)
			}
			return
		}
		for _, path := range sample {
			if clean, err := mirror.ParsePath(string(path)); err != nil || clean != path {
				t.Errorf("%q is no path", path)
			}
		}
		if found, err := x.find(t.Context(), sample); err != nil || len(found) != len(sample) {
			t.Errorf("%d found of %d, %v", len(found), len(sample), err)
		}
		work := &recorder{}
		tree := growFrom(work, &crawl.Task{Path: mirror.Root})
		if err := x.deliver(t.Context(), tree, p.root()); !errors.Is(err, errNowhere) {
			t.Errorf("delivered without a server: %v", err)
		}
		for path := range work.listed {
			if tree.wants(path) {
				t.Errorf("%s is delivered and wanted", path)
			}
		}
	})
}

// packedSeeds are the listing of an empty directory by xz, zstd and gzip, in base64.
var packedSeeds = []string{
	"/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4ABFAD1dABcOfVFqAF1Ft31ypzEGQXlAww32N5qm+xk6tTQbNKh80n4WgRqXB3kAWOtYKIMW0n1laihW2RxWMTscG5YAAAAAo+AqdeyHoIMAAVlGk7dA1B+2830BAAAAAARZWg==",
	"KLUv/QRYMQIALjoKdG90YWwgNApkcnd4ci14ci14IDIgZnRwIGZ0cCA0MDk2IEZlYiAyMCAxMDowMCBkaXIKCi4vZGlyOgp0b3RhbCAwCkpM+TI=",
	"H4sIAAAAAAAAA9Oz4irJL0nMUTDhSikqryjSBSEFI4W0kgIwNjGwNFNwS01SMDJQMDSwMjBQSMks4uLS0wdSMK0GXABBl2n+RgAAAA==",
}

// Whatever a packed file holds, unpacking it ends without a panic, and with no more text
// than there may be.
func FuzzIndexPacked(f *testing.F) {
	for _, seed := range packedSeeds {
		packed, err := base64.StdEncoding.DecodeString(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(packed)
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		p := published{name: "ls-lR", index: string(packed)}
		for _, form := range indexForms {
			x := p.open(t)
			x.form = form
			text, err := x.text()
			if err != nil {
				continue
			}
			if n, err := io.Copy(io.Discard, text); n > textBound(x.size) {
				t.Errorf("%d bytes, %v", n, err)
			}
			text.Close()
		}
	})
}
