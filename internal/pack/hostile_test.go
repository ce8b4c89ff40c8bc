package pack

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"mirrortracker/internal/digest"
)

// zip compresses the text of a pack.
func zip(t testing.TB, text string) []byte {
	t.Helper()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	return enc.EncodeAll([]byte(text), nil)
}

// headed returns the text of a pack with a header.
func headed(t testing.TB, h Header, body string) string {
	t.Helper()
	line, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	return magic + string(line) + "\n" + body
}

func TestUnsoundPacks(t *testing.T) {
	m := memory{}
	h := m.header(&dir{others: []digest.Entry{file("a", 1, 20261120)}})
	below := m.header(&dir{dirs: map[string]*dir{"d": {others: []digest.Entry{file("a", 1, 20261120)}}}})
	const leaf = "tree 1\nf a\n"
	id := strings.Repeat("ab", 32)
	for _, c := range []struct {
		name   string
		header Header
		body   string
		want   string // "": it is sound
	}{
		{"sound", h, "block 1 1\n" + leaf + "1\n1\nend 1\n", ""},
		{"sound with a directory", below, "block 2 1\n" + leaf + "tree 1\nd @1 d\n1\n1\nend 2\n", ""},
		{"sound in two blocks", below, "block 1 1\n" + leaf + "1\n1\nblock 1 0\ntree 1\nd @1 d\nend 2\n", ""},
		{"another size", h, "block 1 1\n" + leaf + "2\n1\nend 1\n", "its root is"},
		{"another date", h, "block 1 1\n" + leaf + "1\n2\nend 1\n", "its root is"},
		{"digests that do not match", func() Header { h := h; h.Blind[0]++; return h }(), "block 1 1\n" + leaf + "1\n1\nend 1\n", "digests"},
		{"totals that do not match", func() Header { h := h; h.Files++; return h }(), "block 1 1\n" + leaf + "1\n1\nend 1\n", "incomplete directories"},
		{"itself", h, "block 1 0\ntree 1\nd @0 d\nend 1\n", "@BACK"},
		{"a later one", h, "block 1 0\ntree 1\nd @-1 d\nend 1\n", "@BACK"},
		{"before the first", h, "block 1 0\ntree 1\nd @1 d\nend 1\n", "before the first"},
		{"a tree that nobody has", h, "block 1 0\ntree 1\nd " + id + " d\nend 1\n", "not here"},
		{"an edit of what nobody has", h, "block 1 0\nedit " + id + " 0\nend 1\n", "not here"},
		{"more trees than it says", h, "block 2 2\n" + leaf + leaf + "1\n1\n1\n1\nend 2\n", "more than 1 trees"},
		{"a loose tree", below, "block 2 2\n" + leaf + leaf + "1\n1\n1\n1\nend 2\n", "in no directory"},
		{"no trees", h, "end 0\n", ""}, // the root is known
		{"too few", h, "block 1 1\n" + leaf + "1\n1\nend 2\n", "ends with 1"},
		{"too many", h, "block 1 1\n" + leaf + "1\n1\nend 0\n", "ends with 1"},
		{"no end", h, "block 1 1\n" + leaf + "1\n1\n", "unexpected EOF"},
		{"more behind the end", h, "block 1 1\n" + leaf + "1\n1\nend 1\nend 1\n", "behind its end"},
		{"a block of too many trees", h, "block 2000000 0\n", "too many lines"},
		{"an empty block", h, "block 0 0\nend 0\n", "no trees"},
		{"a negative block", h, "block -1 0\nend 0\n", "not a number"},
		{"a block that says too much", h, "block 2 1\n" + leaf + "1\n1\nend 2\n", "neither"},
		{"files that are not there", h, "block 1 2\n" + leaf + "1\n1\nend 1\n", "has 1 files"},
		{"a number with a plus", h, "block +1 1\n" + leaf + "1\n1\nend 1\n", "not a number"},
		{"a tree of too many lines", h, "block 1 0\ntree 9000000000000000000\nend 1\n", "too many lines"},
		{"a name with a slash", h, "block 1 1\ntree 1\nf a/b\n1\n1\nend 1\n", "breaks the rules"},
		{"a name with NUL", h, "block 1 1\ntree 1\nf a\x00b\n1\n1\nend 1\n", "breaks the rules"},
		{"a name with CR", h, "block 1 1\ntree 1\nf a\r\n1\n1\nend 1\n", "breaks the rules"},
		{"the directory above", h, "block 1 0\ntree 1\nd " + id + " ..\nend 1\n", "breaks the rules"},
		{"a hidden name", h, "block 1 1\ntree 1\nf .a\n1\n1\nend 1\n", "breaks the rules"},
		{"no name", h, "block 1 1\ntree 1\nf \n1\n1\nend 1\n", "breaks the rules"},
		{"a link to NUL", h, "block 1 0\ntree 1\nl a\x00b\x00c\nend 1\n", "is not"},
		{"names that are not in order", h, "block 1 2\ntree 2\nf b\nf a\n1\n1\n1\n1\nend 1\n", "stands after"},
		{"a name twice", h, "block 1 2\ntree 2\nf a\nf a\n1\n1\n1\n1\nend 1\n", "stands after"},
		{"gone without an edit", h, "block 1 0\ntree 1\n- a\nend 1\n", "no edit"},
		{"gone, but was not there", h, "block 1 0\nedit " + h.Root.String() + " 1\n- b\nend 1\n", "to be gone"},
		{"a reason in the middle", h, "block 1 1\ntree 2\nf a\n! limit\n1\n1\nend 1\n", "does not belong"},
		{"two reasons", h, "block 1 0\ntree 2\n! limit\n! limit\nend 1\n", "does not belong"},
		{"a reason nobody knows", h, "block 1 0\ntree 1\n! bored\nend 1\n", "no known reason"},
		{"an unknown kind", h, "block 1 0\ntree 1\nx a\nend 1\n", "no known kind"},
		{"an upper-case identity", h, "block 1 0\ntree 1\nd " + strings.ToUpper(id) + " d\nend 1\n", "neither @BACK"},
		{"a negative size", h, "block 1 1\n" + leaf + "-1\n1\nend 1\n", "not a number"},
		{"a size above all", h, "block 1 1\n" + leaf + "9223372036854775808\n1\nend 1\n", "not a number"},
		{"an age above all", h, "block 1 1\n" + leaf + "1\n9223372036854775807\nend 1\n", "not an age"},
		{"an age of minus nothing", h, "block 1 1\n" + leaf + "1\n-0\nend 1\n", "not an age"},
		{"a long line", h, "block 1 1\ntree 1\nf " + strings.Repeat("a", 1<<20) + "\n1\n1\nend 1\n", "longer than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			known := memory{h.Root: m[h.Root]}
			_, err := known.read(t.Context(), zip(t, headed(t, c.header, c.body)), DefaultLimits)
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want one with %q", err, c.want)
			case c.want != "" && !errors.Is(err, ErrUnsound) && !errors.Is(err, ErrLacking):
				t.Errorf("error %v says neither that the pack is unsound nor that it lacks something", err)
			}
		})
	}
}

func TestUnsoundHeaders(t *testing.T) {
	m := memory{}
	for name, spoil := range map[string]func(*Header){
		"no tracker":            func(h *Header) { h.Tracker = "" },
		"a tracker with ESC":    func(h *Header) { h.Tracker = "a\x1b[31m" },
		"a long tracker":        func(h *Header) { h.Origin = strings.Repeat("a", 101) },
		"no times":              func(h *Header) { h.Started, h.Finished = h.Finished, h.Started },
		"no root":               func(h *Header) { h.Root = digest.ID{} },
		"a negative count":      func(h *Header) { h.Bytes = -1 },
		"a site by HTTP":        func(h *Header) { h.Site.URL.Scheme = "http" },
		"a weight of a billion": func(h *Header) { h.Site.Weight = 1e9 },
		"many bases":            func(h *Header) { h.Bases = make([]digest.ID, 1001) },
	} {
		h := m.header(&dir{})
		spoil(&h)
		if _, err := (memory{}).read(t.Context(), zip(t, headed(t, h, "end 0\n")), DefaultLimits); !errors.Is(err, ErrUnsound) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, text := range []string{"", "mirror-pack 2\n{}\n", "mirror-pack 1\n", "mirror-pack 1\n{\n", "mirror-pack 1\n" + strings.Repeat(" ", 1<<20) + "\n"} {
		if _, err := (memory{}).read(t.Context(), zip(t, text), DefaultLimits); !errors.Is(err, ErrUnsound) {
			t.Errorf("%q: error %v", cut(text), err)
		}
	}
	if _, err := (memory{}).read(t.Context(), []byte("not zstd at all"), DefaultLimits); !errors.Is(err, ErrUnsound) {
		t.Errorf("no zstd: error %v", err)
	}
}

// A few lines can stand for more directories than can be counted.
func TestPacksThatExplode(t *testing.T) {
	m := memory{}
	h := m.header(&dir{})
	h.Files, h.Dirs = 1<<62, 1<<62
	var b strings.Builder
	fmt.Fprintf(&b, "block 100 1\ntree 1\nf a\n")
	for range 99 {
		b.WriteString("tree 2\nd @1 a\nd @1 b\n")
	}
	b.WriteString("1\n1\nend 100\n")
	explodes := zip(t, headed(t, h, b.String()))
	const levels, perBlock = 1_000_000, 50_000
	b.Reset()
	for block := range levels / perBlock {
		first := "tree 1\nd @1 a\n"
		if block == 0 {
			first = "tree 0\n"
		}
		fmt.Fprintf(&b, "block %d 0\n%s%s", perBlock, first, strings.Repeat("tree 1\nd @1 a\n", perBlock-1))
	}
	fmt.Fprintf(&b, "end %d\n", levels)
	deep := zip(t, headed(t, h, b.String()))
	bomb := zip(t, headed(t, h, "block 1 0\ntree 1\nd "+strings.Repeat("\x00", 64<<20)))
	for _, c := range []struct {
		name string
		pack []byte
		want string
	}{
		{"doubling", explodes, "files and directories"},
		{"a million levels", deep, "levels of directories"},
		{"a line of 64 MiB", bomb, "longer than"},
	} {
		if _, err := (memory{}).read(t.Context(), c.pack, DefaultLimits); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	limits := DefaultLimits
	limits.Trees, limits.Text = 10, 1<<20
	if _, err := (memory{}).read(t.Context(), deep, limits); err == nil || !strings.Contains(err.Error(), "more than 10 trees") {
		t.Errorf("too many trees: error %v", err)
	}
}
