package ftplist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/listing"
	"mirrortracker/internal/mirror"
)

// A forest is a site by its directories' listings.
type forest map[string]string

// folder returns a directory whose subdirectories have the given names, beside two
// files.
func folder(names ...string) string {
	var text strings.Builder
	text.WriteString(dots + file)
	for _, name := range names {
		text.WriteString(strings.Replace(dir, " dir", " "+name, 1))
	}
	return text.String()
}

// wide returns a site with the given number of directories below each of two others.
func wide(n int) forest {
	site := forest{"/": folder("a", "b")}
	for _, top := range []string{"/a", "/b"} {
		var names []string
		for i := range n {
			names = append(names, fmt.Sprintf("%03d", i))
			site[top+"/"+names[i]] = folder()
		}
		site[top] = folder(names...)
	}
	return site
}

// An edit makes something else of a directory's block in a recursive listing: of its
// heading or of its text, where these are not empty; or it leaves the block out.
type edit struct {
	dir, heading, text string
	gone               bool
}

// blocks returns the blocks of a subtree as vsftpd sends them.
func (f forest) blocks(top string, edits ...edit) []string {
	var blocks []string
	below := strings.TrimSuffix(top, "/")
	for _, dir := range slices.Sorted(maps.Keys(f)) {
		if dir != top && !strings.HasPrefix(dir, below+"/") {
			continue
		}
		heading, text, gone := strings.TrimSuffix("."+strings.TrimPrefix(dir, below), "/"), f[dir], false
		for _, e := range edits {
			if e.dir == dir {
				heading, text, gone = cmp.Or(e.heading, heading), cmp.Or(e.text, text), e.gone
			}
		}
		if !gone {
			blocks = append(blocks, heading+":\r\n"+text)
		}
	}
	return blocks
}

// stream answers LIST -alR.
func (f forest) stream(edits ...edit) ftpscript.Act {
	return func(s *ftpscript.Session) { transfer(strings.Join(f.blocks(s.Dir, edits...), "\r\n"))(s) }
}

// script is what a server does that serves the site.
func (f forest) script(stream ftpscript.Act) script {
	return script{"LIST -a": byDir(f), "LIST -alR": stream}
}

// A walked is what a walk came to.
type walked struct {
	*site
	crawl.Result
	restarts []string
}

// A sink takes trees and forgets them.
type sink struct{}

func (sink) Put(*digest.Tree)            {}
func (sink) Ready(context.Context) error { return nil }

// walk crawls a site from its beginning to its end.
func walk(t *testing.T, s script, change func(*Config), walker func(*crawl.Walker)) walked {
	t.Helper()
	w := walked{site: open(t, s, change)}
	for {
		walk := newWalker(w.source.Open, w.source.cfg.Limits)
		if walker != nil {
			walker(walk)
		}
		var err error
		w.Result, err = walk.Start(t.Context()).Wait()
		if again, ok := errors.AsType[*crawl.RestartError](err); ok && len(w.restarts) < 3 {
			w.restarts = append(w.restarts, again.Why)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
}

func newWalker(open func(context.Context) (crawl.Lister, error), limits crawl.Limits) *crawl.Walker {
	return &crawl.Walker{Open: open, Sink: sink{}, Connections: 1, Limits: limits, Retry: crawl.Retry{Tries: 3, Pause: time.Microsecond}, Now: time.Now}
}

// A disk lists the directories of a site as they are, with dates in a zone.
type disk struct {
	forest
	zone *time.Location
}

func (d disk) Close() error { return nil }

func (d disk) List(_ context.Context, dir mirror.Path) (crawl.Listing, error) {
	found, err := listing.ParseList([]byte(d.forest[string(dir)]))
	return crawl.Listing{Entries: entriesOf(found.Entries, clocksIn(d.zone, now))}, err
}

// is returns what a walk of the site must find.
func (d disk) is(t *testing.T, limits crawl.Limits) crawl.Result {
	t.Helper()
	found, err := newWalker(func(context.Context) (crawl.Lister, error) { return crawl.OneByOne(d), nil }, limits).Start(t.Context()).Wait()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// recursive crawls a site by recursive listings and compares with what it is.
func (f forest) recursive(t *testing.T, s script) walked {
	t.Helper()
	got := walk(t, s, func(c *Config) { c.Way = Recursive }, nil)
	f.equal(t, got)
	return got
}

// equal compares a walk with what it must find.
func (f forest) equal(t *testing.T, got walked) {
	t.Helper()
	want := disk{f, time.UTC}.is(t, got.source.cfg.Limits)
	if got.Root.ID != want.Root.ID || !slices.Equal(got.Problems, want.Problems) {
		t.Errorf("%+v, %v, want %+v, %v", got.Root, got.Problems, want.Root, want.Problems)
	}
}

// streams checks how many directories are listed recursively and alone.
func (w walked) streams(t *testing.T, streams, alone int) {
	t.Helper()
	if s, a := w.Count("LIST -alR"), w.Count("LIST -a")-w.Count("LIST -alR"); s != streams || a != alone {
		t.Errorf("%d streams and %d directories alone, want %d and %d (%s)", s, a, streams, alone, w.source.Account())
	}
}

// unfit checks why recursive listings are not used any more; "" if they are.
func (w walked) unfit(t *testing.T, why string) {
	t.Helper()
	lesson, unfit := w.source.habits.Unfit[Recursive]
	if unfit != (why != "") || !strings.Contains(lesson.Why, why) {
		t.Errorf("%q, want %q", lesson.Why, why)
	}
}

// usual is how many directories of wide sites are listed alone: the root, /a and /a/000
// for the probe, and the last block.
const usual = 4

func TestRecursive(t *testing.T) {
	t.Parallel()
	f := wide(50)
	got := f.recursive(t, f.script(f.stream()))
	got.unfit(t, "")
	got.streams(t, 2, usual)
	if len(got.restarts) > 0 {
		t.Error(got.restarts)
	}
}

// What servers send, and how many directories are listed alone in consequence.
func TestRecursiveBlocks(t *testing.T) {
	t.Parallel()
	const dir = "/b/007"
	f := wide(50)
	for name, c := range map[string]struct {
		edit
		more int
	}{
		"left out":         {edit{dir: dir, gone: true}, 1},
		"empty":            {edit{dir: dir, text: "\r\n"}, 1},
		"an error":         {edit{dir: dir, text: "ls: cannot open directory\r\n"}, 1},
		"without itself":   {edit{dir: dir, text: file}, 1},
		"itself alone":     {edit{dir: dir, text: dot}, 1},
		"odd line":         {edit{dir: dir, text: dots + "what is this\r\n"}, 1},
		"without dot":      {edit{dir: dir, heading: "b/007"}, 0},
		"absolute":         {edit{dir: dir, heading: "/b/007"}, 0},
		"up and down":      {edit{dir: dir, heading: "./c/../b/007"}, 1},
		"of elsewhere":     {edit{dir: dir, heading: "./c"}, 1},
		"twice":            {edit{dir: "/b/008", heading: "./b/007", text: folder("other")}, 1},
		"hidden":           {edit{dir: dir, heading: "./b/.hidden", text: folder("other")}, 1},
		"above its parent": {edit{dir: "/a", heading: "./b/000/below"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := f.recursive(t, f.script(inTurn(f.stream(), f.stream(c.edit))))
			got.unfit(t, "")
			got.streams(t, 2, usual+c.more)
		})
	}
}

// proftpd has no heading for the first block, and no ./ in the others; pure-ftpd has
// other empty lines.
func TestRecursiveForms(t *testing.T) {
	t.Parallel()
	f := wide(5)
	for name, form := range map[string]*strings.Replacer{
		"proftpd":   strings.NewReplacer("\n./", "\n", ".:\r\n", ""),
		"pure-ftpd": strings.NewReplacer("\r\n\r\n", "\r\n\r\n\r\n", ".:\r\n", "", ":\r\n", ":\r\n\r\n"),
	} {
		got := f.recursive(t, f.script(func(s *ftpscript.Session) {
			transfer(form.Replace(strings.Join(f.blocks(s.Dir), "\r\n")))(s)
		}))
		got.unfit(t, "")
		if n := got.source.counts[Single]; n != 1 {
			t.Errorf("%s: %s", name, got.source.Account())
		}
	}
}

// cut sends a part of a stream and then does something.
func (f forest) cut(part float64, then ftpscript.Act) ftpscript.Act {
	return func(s *ftpscript.Session) {
		text := strings.Join(f.blocks(s.Dir), "\r\n")
		text = text[:int(part*float64(len(text)))]
		s.Reply("150 here it comes")
		data := s.Accept()
		data.Send(text[:strings.LastIndexByte(text, '\n')+1]) // a line is the least to be missed
		if then != nil {
			then(s)
			data.Close()
			return
		}
		data.Close()
		s.Reply("226 done")
	}
}

// A stream that ends early, in the middle of a block as a rule, whatever the server
// says of it.
func TestRecursiveThatIsCut(t *testing.T) {
	t.Parallel()
	for _, part := range []float64{0.005, 0.55, 0.65, 0.99} {
		f := wide(150)
		got := f.recursive(t, f.script(inTurn(f.stream(), f.cut(part, nil), f.stream())))
		got.unfit(t, map[bool]string{true: "left out"}[part == 0.65]) // of /b more than maxLeft
		got = f.recursive(t, f.script(inTurn(f.stream(), f.cut(part, ftpscript.HangUp), f.stream())))
		got.unfit(t, "")
		if n := got.Count("LIST -alR"); n < 3 || n > 4+enoughYields {
			t.Errorf("cut at %.3f: %d streams", part, n)
		}
	}
	f := wide(150)
	got := f.recursive(t, f.script(inTurn(f.stream(), func(s *ftpscript.Session) {
		transfer(strings.Join(f.blocks(s.Dir)[:100], "\r\n"), "226-Output truncated", "226 to 100 matches")(s)
	})))
	got.unfit(t, "truncated")
}

// A server that lists one directory, and ones that lie.
func TestRecursiveUnfit(t *testing.T) {
	t.Parallel()
	f := wide(10)
	longer := strings.Replace(f["/a/000"], " 5 Feb", " 6 Feb", 1)
	for name, c := range map[string]struct {
		stream ftpscript.Act
		why    string
		count  int
	}{
		"no recursion":      {byDir(f), "does not show what is below", 1},
		"refused":           {say("550 no such file"), "550", 1},
		"other sizes":       {f.stream(edit{dir: "/a/000", text: longer}, edit{dir: "/b/000", text: longer}), "do not agree about /b/000/", 2},
		"less than LIST -a": {f.stream(edit{dir: "/a", text: dots}, edit{dir: "/b", text: dots}), "do not agree about /b/", 2},
		"nothing":           {transfer(""), "does not show", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := f.recursive(t, f.script(c.stream))
			got.unfit(t, c.why)
			if n := got.Count("LIST -alR"); n > c.count {
				t.Errorf("asked %d times", n)
			}
		})
	}
	// A directory may change between the two looks.
	changes := f.stream(edit{dir: "/a/000", text: dots})
	got := f.recursive(t, f.script(inTurn(changes, f.stream())))
	got.unfit(t, "")
	// The same command may succeed the next time.
	got = f.recursive(t, f.script(inTurn(say("450 busy"), f.stream())))
	got.unfit(t, "")
	// Endless blocks that nobody asked for.
	got = f.recursive(t, f.script(inTurn(f.stream(), transfer(strings.Repeat("./odd:\r\n"+dots+"\r\n", 3*maxSkipped)))))
	got.unfit(t, "nobody asked for")
}

// Of an interrupted crawl, what is begun is not listed recursively, and what is known
// not at all.
func TestRecursiveResumed(t *testing.T) {
	t.Parallel()
	f := wide(50)
	got := walk(t, f.script(f.stream()), func(c *Config) { c.Way = Recursive }, func(w *crawl.Walker) {
		w.Begun = func(dir mirror.Path) bool { return dir == "/" || dir == "/a" }
		w.Known = func(dir mirror.Path) (crawl.Finished, bool) {
			if dir.Parent() != "/a" || dir == "/a/033" {
				return crawl.Finished{}, false
			}
			tree := digest.NewDigester().Tree([]digest.Entry{{Name: "file", Kind: digest.File, Size: 5, Date: digest.DateOf(now.AddDate(0, 0, -9))}}, digest.Complete)
			return crawl.Finished{Path: dir, Summary: tree.Summary}, true
		}
	})
	f.equal(t, got)
	at := mirror.Path("")
	for _, c := range got.Commands() {
		if dir, ok := strings.CutPrefix(c, "CWD "); ok {
			at = mirror.Path(dir)
		}
		if c == "LIST -alR" && at != "/b" && at != "/a/033" || at.Parent() == "/a" && at != "/a/033" {
			t.Errorf("%s in %s", c, at)
		}
	}
}

// Subtrees of a few directories are left to other strategies after a while.
func TestRecursiveSmallSubtrees(t *testing.T) {
	t.Parallel()
	f, names := forest{}, []string{}
	for i := range 40 {
		name := fmt.Sprintf("%02d", i)
		names = append(names, name)
		f["/"+name], f["/"+name+"/x"], f["/"+name+"/y"] = folder("x", "y"), folder(), folder()
	}
	f["/"] = folder(names...)
	got := walk(t, f.script(f.stream()), func(c *Config) { c.Way = Recursive }, func(w *crawl.Walker) {
		w.Begun = func(dir mirror.Path) bool { return dir == "/" }
	})
	f.equal(t, got)
	got.unfit(t, "")
	if n := got.Count("LIST -alR"); n > 2*enoughYields {
		t.Errorf("%d recursive listings", n)
	}
	y := yields{2: {enoughYields, enoughYields*worthwhile - 1}, 5: {enoughYields - 1, 0}, 1: {9, 9000}}
	for depth, small := range map[int]bool{0: false, 1: false, 2: true, 3: true, 7: true} {
		if y.small(depth) != small {
			t.Errorf("depth %d: %v", depth, !small)
		}
	}
}

// A directory over a limit ends the stream, but not recursive listings.
func TestRecursiveLimits(t *testing.T) {
	t.Parallel()
	f := wide(40)
	for i := range 60 {
		f["/a/020"] += strings.Replace(file, " file", fmt.Sprintf(" file-%d", i), 1)
	}
	limit := func(c *Config) { c.Way, c.Limits.Entries = Recursive, 50 }
	got := walk(t, f.script(f.stream()), limit, nil)
	got.unfit(t, "")
	if len(got.Problems) != 1 || got.Problems[0].Path != "/a/020" || got.Problems[0].Reason != digest.Limit {
		t.Errorf("%v", got.Problems)
	}
	// A server that falls silent in the middle of a stream.
	got = walk(t, wide(40).script(inTurn(wide(40).stream(), wide(40).cut(0.5, ftpscript.Hang))), func(c *Config) { c.Way, c.Whole = Recursive, 200*time.Millisecond }, nil)
	got.unfit(t, "takes longer")
	wide(40).equal(t, got)
}

// What could not be asked while the stream was on its way is asked before the crawl
// ends.
func TestRecursiveOwed(t *testing.T) {
	t.Parallel()
	f := wide(40)
	f["/b/020"] = dots + "-rw-r--r-- 1 ftp ftp 5 Jan 20 10:00 winter\r\n"
	s := f.script(f.stream())
	s["MDTM winter"] = say("213 20260120100000")
	f.recursive(t, s).unfit(t, "")

	s = f.script(f.stream())
	s["MDTM winter"] = say("213 20260120080000")
	got := walk(t, s, func(c *Config) { c.Way = Recursive }, nil)
	want := disk{f, nil}.is(t, got.source.cfg.Limits)
	if got.Root.ID != want.Root.ID || len(got.restarts) != 1 || !strings.Contains(got.restarts[0], "winter") {
		t.Errorf("%+v, want %+v; %q", got.Root, want.Root, got.restarts)
	}

	// Other months were not to be believed for the sake of a check that came to nothing.
	s = f.script(f.stream())
	s["MDTM winter"] = say("550 no")
	got = walk(t, s, func(c *Config) { c.Way = Recursive }, nil)
	got.unfit(t, "MDTM does not tell")
	if f.equal(t, got); len(got.restarts) != 1 {
		t.Errorf("%q", got.restarts)
	}

	// A directory that is cut without a word, which MLSD shows.
	f = wide(40)
	f["/b/020"] = folder("x", "y")
	f["/b/020/x"], f["/b/020/y"] = folder(), folder()
	told := forest{}
	for path, text := range f {
		told[path] = mlsdDots + mlsdFile
		for line := range strings.Lines(text) {
			if name := line[strings.LastIndexByte(line, ' ')+1:]; line[0] == 'd' && name[0] != '.' {
				told[path] += "type=dir;modify=20260220100000; " + name
			}
		}
	}
	told["/b"] += "type=file;size=5; more\r\n"
	s = f.script(f.stream())
	s["FEAT"], s["MLSD"] = offersMLSD, byDir(told)
	got = walk(t, s, func(c *Config) { c.Way = Recursive }, nil)
	got.unfit(t, "cuts /b/")
	if len(got.restarts) != 1 || len(got.Problems) != 1 || got.Problems[0].Path != "/b" || got.Problems[0].Reason != digest.Truncated {
		t.Errorf("%q, %v", got.restarts, got.Problems)
	}
}

// Owed directories survive an interrupted crawl, whatever bytes their names have.
func TestOwedIsKept(t *testing.T) {
	t.Parallel()
	f := forest{"/": folder(), "/caf\xe9": folder()}
	first := open(t, f.script(nil), nil)
	first.lister.owe("/caf\xe9")
	second := open(t, f.script(nil), nil)
	if !second.source.Recall(first.source.Facts()) {
		t.Fatal("not recalled")
	}
	if err := second.lister.checkOwed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if cwd := commands(second, "CWD"); !slices.Equal(cwd, []string{"CWD /caf\xe9"}) || len(second.source.known().Owed) > 0 {
		t.Errorf("%q", cwd)
	}
	gone := f.script(nil)
	gone["CWD /caf\xe9"] = say("550 no")
	third := open(t, gone, nil)
	third.source.Recall(first.source.Facts())
	err := third.lister.checkOwed(t.Context())
	if _, restart := errors.AsType[*crawl.RestartError](err); !restart || !third.source.forgone(Recursive) || len(third.source.known().Owed) > 0 {
		t.Errorf("error %v", err)
	}
	for i := range maxOwed + 1 {
		if ok := first.lister.owe(mirror.Path(fmt.Sprint("/", i))); ok != (i < maxOwed-1) {
			t.Errorf("%d: %v", i, ok)
		}
	}
}

func TestHeaded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		top           mirror.Path
		base, heading string
		want          mirror.Path
	}{
		{"/pub", "/", "", "/pub"},
		{"/pub", "/", ".", "/pub"},
		{"/pub", "/", "./a", "/pub/a"},
		{"/pub", "/", "./a/b", "/pub/a/b"},
		{"/pub", "/", "a/b", "/pub/a/b"},
		{"/pub", "/", "/pub/a", "/pub/a"},
		{"/pub", "/", "/pub", "/pub"},
		{"/pub", "/srv/ftp/", "/srv/ftp/pub/a", "/pub/a"},
		{"/", "/srv/ftp/", "/srv/ftp", "/"},
		{"/", "/", "/", "/"},
		{"/", "/", "a:", "/a:"},
		{"/", "/", "./ a ", "/ a "},
		{"/pub", "/", "/public", ""},
		{"/pub", "/", "/", ""},
		{"/pub", "/srv/ftp/", "/pub/a", ""},
		{"/pub", "/srv/ftp/", "/srv/ftp", ""},
		{"/pub", "/", "..", ""},
		{"/pub", "/", "./", ""},
		{"/pub", "/", "./../x", ""},
		{"/pub", "/", "a//b", ""},
		{"/pub", "/", "a/", ""},
		{"/pub", "/", "a/./b", ""},
		{"/pub", "/", "././a", ""},
		{"/pub", "/", "a\x00b", ""},
	} {
		got, ok := headed(c.top, c.base, c.heading)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%q below %s of %s: %q, %v, want %q", c.heading, c.top, c.base, got, ok, c.want)
		}
	}
}

// A heading means a directory of the subtree or none, and whatever is in the subtree
// has a heading.
func FuzzHeaded(f *testing.F) {
	for _, heading := range []string{"", ".", "./a", "a/b", "/pub/a", "/srv/ftp/pub", "..", "a//b", "./../x", "/"} {
		f.Add("/pub", "/srv/ftp/", heading)
		f.Add("/", "/", heading)
	}
	f.Fuzz(func(t *testing.T, rawTop, rawBase, heading string) {
		top, err := mirror.ParsePath(rawTop)
		base, baseErr := mirror.ParsePath(rawBase)
		if err != nil || baseErr != nil {
			return // no path
		}
		dir, ok := headed(top, base.Dir(), heading)
		if !ok {
			return
		}
		if clean, err := mirror.ParsePath(string(dir)); err != nil || clean != dir {
			t.Fatalf("%q means %q: %v", heading, dir, err)
		}
		below, inside := strings.CutPrefix(string(dir), top.Dir())
		if dir != top && !inside {
			t.Fatalf("%q means %q, which is not below %q", heading, dir, top)
		}
		for _, again := range []string{"./" + below, base.Dir() + string(dir[1:])} {
			if got, ok := headed(top, base.Dir(), again); dir != top && (!ok || got != dir) {
				t.Fatalf("%q means %q, want %q", again, got, dir)
			}
		}
	})
}
