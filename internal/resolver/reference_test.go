package resolver

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/forest"
	"mirrortracker/internal/mirror"
)

// The reference does everything on flat maps from full paths, and tries every
// pair of directories.

// A flat is a site by full paths, without links resolved; directories end in a
// slash.
type flat struct {
	mirror.Site
	dirs  map[string]*digest.Tree
	files map[string]bool
	links map[string]string
}

func (w *world) flat(s mirror.Site) *flat {
	f := &flat{s, map[string]*digest.Tree{}, map[string]bool{}, map[string]string{}}
	var walk func(string, *digest.Tree)
	walk = func(path string, t *digest.Tree) {
		f.dirs[path] = t
		for l := range t.Files() {
			f.files[path+l.Name] = true
		}
		for l := range t.Links() {
			f.links[path+l.Name] = l.Target
		}
		for c := range t.Children() {
			walk(path+c.Name+"/", w.trees[c.ID])
		}
	}
	walk("/", w.trees[w.current[s.ID()].Root])
	return f
}

// real follows a path of the server, kept as the names done and to do.
func (f *flat) real(done, todo []string, hops *int) (string, bool) {
	base := f.URL.Base
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			if len(done) == 0 {
				return "", false
			}
			done = done[:len(done)-1]
			continue
		}
		done = append(slices.Clone(done), name)
		path := "/" + strings.Join(done, "/")
		local, inside := strings.CutPrefix(path, base[:len(base)-1])
		switch {
		case strings.HasPrefix(base, path+"/"):
		case !inside:
			return "", false
		case f.dirs[local+"/"] != nil:
		case f.files[local]:
			if len(todo) > 0 {
				return "", false
			}
			return local, true
		default:
			target, ok := f.links[local]
			if *hops++; !ok || *hops > 40 || target == "" {
				return "", false
			}
			done = done[:len(done)-1]
			if target[0] == '/' {
				done = nil
			}
			todo = append(strings.Split(target, "/"), todo...)
		}
	}
	path := "/" + strings.Join(append(done, ""), "/")
	path = strings.ReplaceAll(path, "//", "/")
	local, inside := strings.CutPrefix(path, base[:len(base)-1])
	return local, inside
}

// resolve returns the real path, that of a directory with a slash at its end.
func (f *flat) resolve(p mirror.Path) (string, bool) {
	at := "/"
	for _, name := range p.Names() {
		if !strings.HasSuffix(at, "/") {
			return "", false
		}
		hops := 0
		next, ok := f.real(strings.FieldsFunc(f.URL.Base+at, func(r rune) bool { return r == '/' }), []string{name}, &hops)
		if !ok {
			return "", false
		}
		at = next
	}
	return at, true
}

// above returns a directory and all above it, the root first.
func above(dir string) []string {
	var all []string
	for i := range dir {
		if dir[i] == '/' {
			all = append(all, dir[:i+1])
		}
	}
	return all
}

func namesInCommon(a, b string) int {
	split := func(s string) []string {
		names := strings.FieldsFunc(s, func(r rune) bool { return r == '/' })
		slices.Reverse(names)
		return names
	}
	x, y := split(a), split(b)
	n := 0
	for n < min(len(x), len(y)) && x[n] == y[n] {
		n++
	}
	return n
}

// answer returns what brief should say about a path, in any order, with the
// evidence.
func answer(sites []*flat, f *flat, p mirror.Path, doubt Doubt) []string {
	real, ok := f.resolve(p)
	if !ok {
		return nil
	}
	dir, file := real[:strings.LastIndexByte(real, '/')+1], real[strings.LastIndexByte(real, '/')+1:]
	if f.dirs[dir].Blind.Absent() {
		return nil
	}
	type match struct {
		class       Class
		asked, path string
		digest.Totals
		similarity int
	}
	matches := map[string][]match{} // by site and path
	for _, asked := range above(dir) {
		a := f.dirs[asked]
		for _, g := range sites {
			for there, b := range g.dirs {
				self := g == f && there == asked
				if a.Totals.Files+a.Totals.Dirs == 0 && !self {
					continue
				}
				key := g.Name + " " + there + dir[len(asked):]
				m := match{Exact, asked, there, a.Totals, namesInCommon(f.URL.Base+asked, g.URL.Base+there)}
				switch {
				case !a.Exact.Absent() && a.Exact == b.Exact:
				case !a.Blind.Absent() && a.Blind == b.Blind:
					m.class = Blind
				default:
					continue
				}
				matches[key] = append(matches[key], m)
			}
		}
	}
	var out []string
	for key, all := range matches {
		highest := slices.MinFunc(all, func(a, b match) int {
			if a.class != b.class {
				return int(a.class) - int(b.class)
			}
			return len(a.asked) - len(b.asked)
		})
		original := key == f.Name+" "+dir
		counts := original || slices.ContainsFunc(all, func(m match) bool {
			return m.Files > 0 && (m.Files >= doubt.Files || m.Bytes >= doubt.Bytes || m.similarity >= doubt.Names)
		})
		line := fmt.Sprintf("%s %s%s by %s at %s: %d %+v", highest.class, key, file, highest.asked, highest.path, highest.similarity, highest.Totals)
		if !counts {
			line = "(" + line + ")"
		}
		out = append(out, line)
	}
	slices.Sort(out)
	return out
}

// inFull is what answer returns, from an Answer.
func inFull(a *Answer) []string {
	var out []string
	line := func(r Replica) string {
		e := r.Evidence
		path := string(r.Path)
		if r.IsDir {
			path = r.Path.Dir()
		}
		return fmt.Sprintf("%s %s %s by %s at %s: %d %+v", r.Class, r.Site.Name, path, e.Asked.Dir(), e.Path.Dir(), e.Similarity, e.Totals)
	}
	for _, r := range a.Replicas() {
		if r.Class != File {
			out = append(out, line(r))
		}
	}
	for _, d := range a.Doubtful() {
		out = append(out, "("+line(d.Replica)+")")
	}
	slices.Sort(out)
	return out
}

// below returns what stands below a directory: files with size and date, and
// directories, by their paths from there.
func (f *flat) below(dir string) map[string]string {
	all := map[string]string{}
	for path, t := range f.dirs {
		rest, ok := strings.CutPrefix(path, dir)
		if !ok {
			continue
		}
		if rest != "" {
			all[rest] = ""
		}
		for l := range t.Files() {
			all[rest+l.Name] = fmt.Sprint(l.Size, l.Date)
		}
	}
	return all
}

// checkNear compares what an answer says of files in nearly equal directories
// with the directories, and returns how many there are.
func checkNear(t *rapid.T, sites []*flat, f *flat, a *Answer) int {
	a.FindNear()
	for _, r := range a.Replicas() {
		if r.Class != File {
			continue
		}
		g := sites[slices.IndexFunc(sites, func(g *flat) bool { return g.Name == r.Site.Name })]
		here, there := f.below(a.Dir.Dir()), g.below(r.Path.Parent().Dir())
		differ := 0
		for name, what := range here {
			if other, ok := there[name]; !ok || other != what {
				differ++
			}
		}
		for name := range there {
			if _, ok := here[name]; !ok {
				differ++
			}
		}
		e := r.Evidence
		asked, other := f.dirs[e.Asked.Dir()], g.dirs[e.Path.Dir()]
		switch {
		case there[a.File] != here[a.File] || here[a.File] == "":
			t.Fatalf("site %s, %s: not the same as %s%s", f.Name, a.Asked, g.Name, r.Path)
		case r.Differ != differ:
			t.Fatalf("site %s, %s: %d entries differ in %s%s, not %d", f.Name, a.Asked, differ, g.Name, r.Path, r.Differ)
		case asked == nil || other == nil || asked.Blind != other.Blind || asked.Blind.Absent() || e.Class == Exact && asked.Exact != other.Exact:
			t.Fatalf("site %s, %s: %+v is no match", f.Name, a.Asked, e)
		}
	}
	return len(a.Near)
}

// content draws a directory from few names and few children, so that equal
// directories are frequent.
func content(t *rapid.T, children []dir) dir {
	d := dir{}
	name := rapid.SampledFrom([]string{"a", "b", "c", "CVS"})
	for range rapid.IntRange(1, 5).Draw(t, "entries") {
		var what any
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 8, 9:
			size := rapid.SampledFrom([]int64{0, 1, 1, 100, digest.UnknownSize}).Draw(t, "size")
			what = file{size, rapid.SampledFrom([]digest.Date{usual, usual, digest.NewDate(2020, 5, 5), 0}).Draw(t, "date")}
		case 5, 6:
			what = 1
		case 7:
			what = rapid.SampledFrom([]string{"a", "b", "..", "../a", "../b/c", "a/b", "/", "/pub/a", "/pub", "../../../pub/b", "/a/../b", ""}).Draw(t, "target")
		default:
			if len(children) == 0 {
				what = 1
				break
			}
			what = children[len(children)-1-rapid.IntRange(0, len(children)-1).Draw(t, "child")]
		}
		d[name.Draw(t, "name")] = what
	}
	if rapid.IntRange(0, 20).Draw(t, "broken") == 20 {
		d["!"] = "refused"
	}
	return d
}

func TestTheIndexAnswersLikeTheReference(t *testing.T) {
	replicas, doubted, near := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		var children []dir
		for _, n := range []int{4, 5, 5} {
			level := slices.Clone(children)
			for range n {
				level = append(level, content(t, children))
			}
			children = level
		}
		w := newWorld()
		var sites []*flat
		for i, base := range []string{"/", "/pub/", "/x/pub/"}[:rapid.IntRange(1, 3).Draw(t, "sites")] {
			s := w.add(string(rune('a'+i)), fmt.Sprintf("ftp://%c.example%s", 'a'+i, base), content(t, children))
			sites = append(sites, w.flat(s))
		}
		doubt := Doubt{
			Files: rapid.Int64Range(1, 5).Draw(t, "files"),
			Bytes: rapid.Int64Range(1, 200).Draw(t, "bytes"),
			Names: rapid.IntRange(1, 3).Draw(t, "names"),
		}
		x, err := Build(t.Context(), w, nil, Options{Doubt: doubt, MaxSteps: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range sites {
			paths := slices.Concat(slices.Collect(maps.Keys(f.dirs)), slices.Collect(maps.Keys(f.files)))
			for l := range f.links {
				paths = append(paths, l, l+"/a", l+"/b/c")
			}
			for _, path := range append(paths, "/nothing", "/a/nothing", "/a/b/c/a/b/c") {
				p, err := mirror.ParsePath(path)
				if err != nil {
					t.Fatal(err)
				}
				a := resolve(x, f.Site, p)
				real, known := f.resolve(p)
				got := string(a.Real())
				if a.IsDir {
					got = a.Real().Dir()
				}
				if a.Known != known || got != real {
					t.Fatalf("site %s, %s: %q, want %q", f.Name, p, got, real)
				}
				// What reads the trees one by one follows links by the same rules.
				place := &forest.Place{Source: w, Base: baseNames(f.URL.Base), Root: w.current[f.ID()].Root}
				if dir, _, err := place.Find(t.Context(), p); (err == nil) != a.IsDir || err == nil && dir != a.Real() {
					t.Fatalf("site %s, %s: is a directory: %t, but forest finds %q, %v", f.Name, p, a.IsDir, dir, err)
				}
				want := answer(sites, f, p, doubt)
				if diff := cmp.Diff(want, inFull(a)); diff != "" || a.Capped() {
					t.Fatalf("site %s, %s, doubt %+v, capped %t (-want +got):\n%s", f.Name, p, doubt, a.Capped(), diff)
				}
				near += checkNear(t, sites, f, a)
				replicas += len(a.Replicas())
				doubted += len(a.Doubtful())
			}
		}
	})
	if replicas == 0 || doubted == 0 {
		t.Errorf("%d replicas and %d doubtful ones are no test", replicas, doubted)
	}
	t.Logf("%d replicas, %d doubtful, %d near", replicas, doubted, near)
}
