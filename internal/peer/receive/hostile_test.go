package receive_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer/receive"
)

// zip compresses what is written.
func zip(t testing.TB, write func(io.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	zip, err := zstd.NewWriter(&b, zstd.WithWindowSize(1<<20))
	if err != nil {
		t.Fatal(err)
	}
	write(zip)
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// written returns a pack of a header and whatever text is to follow.
func written(t testing.TB, h pack.Header, write func(io.Writer)) []byte {
	t.Helper()
	line, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	return zip(t, func(w io.Writer) {
		fmt.Fprintf(w, "mirror-pack 1\n%s\n", line)
		write(w)
	})
}

func text(s string) func(io.Writer) { return func(w io.Writer) { io.WriteString(w, s) } }

// maxGrowth is how much memory the worst of packs may cost, in bytes, with all that the
// test itself takes.
const maxGrowth = 256 << 20

// What an attacker sends is refused as a whole and with a reason, by who trusts the key
// and by who does not, and takes neither memory nor time as it likes.
func TestHostilePacks(t *testing.T) {
	far, stranger, here := newTracker(t), newTracker(t), newTracker(t)
	site := siteOf(t, "ftp://ftp.example.de/pub/")
	root := far.plant(&dir{files: "README", dirs: map[string]*dir{"a": {files: "x y z"}}})
	good := header(site, root, now.Add(-time.Hour))
	path, signature := far.export(good)
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// What a header must say of itself so that nothing is refused for its sake.
	vast := good
	vast.Dirs, vast.Files = 1<<40, 1<<40
	changed := func(change func(*pack.Header)) []byte {
		h := good
		change(&h)
		line, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		unzip, err := zstd.NewReader(bytes.NewReader(sound))
		if err != nil {
			t.Fatal(err)
		}
		defer unzip.Close()
		all, err := io.ReadAll(unzip)
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitN(all, []byte("\n"), 3)
		return zip(t, func(w io.Writer) { w.Write(bytes.Join([][]byte{lines[0], line, lines[2]}, []byte("\n"))) })
	}
	const leaf = "tree 1\nf a\n"
	nobody := strings.Repeat("ab", 32)
	entry := func(lines string) []byte {
		return written(t, vast, text("block 1 1\ntree 1\n"+lines+"\n1\n1\nend 1\n"))
	}

	for name, c := range map[string]struct {
		pack      []byte
		signature []byte // by the peer, if nil
		by        *tracker
		trust     string
		want      string
	}{
		"no signature":                {pack: sound, signature: []byte{}, want: "signature does not fit"},
		"a signature that is none":    {pack: sound, signature: bytes.Repeat([]byte("A"), 1<<20), want: "more than 4096 bytes"},
		"another file's signature":    {pack: append(bytes.Clone(sound), 0), signature: signature, want: "not what was signed"},
		"a stranger's signature":      {pack: sound, by: stranger, want: "it was made with the key"},
		"another domain's site":       {pack: sound, trust: "*.fr", want: "is not believed about ftp://ftp.example.de/pub/"},
		"a host that ends alike":      {pack: changed(func(h *pack.Header) { h.Site.URL.Host = "ftp.evilexample.de" }), trust: "*.example.de", want: "is not believed"},
		"a base that begins alike":    {pack: changed(func(h *pack.Header) { h.Site.URL.Base = "/public/" }), trust: "ftp://ftp.example.de/pub/", want: "is not believed"},
		"of the future":               {pack: changed(func(h *pack.Header) { h.Finished = now.Add(time.Hour) }), want: "in the future"},
		"of the far future":           {pack: changed(func(h *pack.Header) { h.Finished = now.AddDate(5000, 0, 0) }), want: "in the future"},
		"of the past":                 {pack: changed(func(h *pack.Header) { h.Started, h.Finished = now.AddDate(-1, 0, 0), now.AddDate(-1, 0, 0) }), want: "longer ago than"},
		"ended before it began":       {pack: changed(func(h *pack.Header) { h.Started = now }), want: "cannot have begun"},
		"another blind digest":        {pack: changed(func(h *pack.Header) { h.Blind[0]++ }), want: "digests"},
		"another exact digest":        {pack: changed(func(h *pack.Header) { h.Exact[0]++ }), want: "digests"},
		"another root":                {pack: changed(func(h *pack.Header) { h.Root[0]++ }), want: "its root is"},
		"more files than there are":   {pack: changed(func(h *pack.Header) { h.Files++ }), want: "its root has"},
		"fewer files than there are":  {pack: changed(func(h *pack.Header) { h.Files-- }), want: "files and directories"},
		"a tracker with a bell":       {pack: changed(func(h *pack.Header) { h.Tracker = "a\a" }), want: "can be printed"},
		"a name for a path":           {pack: changed(func(h *pack.Header) { h.Site.Name = "../../etc" }), want: "site name"},
		"a file's URL":                {pack: changed(func(h *pack.Header) { h.Site.URL.Scheme = "file" }), want: "scheme"},
		"itself":                      {pack: written(t, vast, text("block 1 0\ntree 1\nd @0 d\nend 1\n")), want: "@BACK"},
		"two in a circle":             {pack: written(t, vast, text("block 2 0\ntree 1\nd @-1 a\ntree 1\nd @1 b\nend 2\n")), want: "@BACK"},
		"before the first":            {pack: written(t, vast, text("block 1 0\ntree 1\nd @9 d\nend 1\n")), want: "before the first"},
		"a name with a slash":         {pack: entry("f a/b"), want: "breaks the rules"},
		"a name with NUL":             {pack: entry("f a\x00b"), want: "breaks the rules"},
		"the directory above":         {pack: entry("f .."), want: "breaks the rules"},
		"a name with CR":              {pack: entry("f a\r"), want: "breaks the rules"},
		"cut short":                   {pack: sound[:len(sound)-9], want: "unexpected EOF"},
		"cut to nothing":              {pack: nil, want: "first line is missing"},
		"padded":                      {pack: append(bytes.Clone(sound), "more"...), want: "the pack is not sound"},
		"padded with a frame":         {pack: append(bytes.Clone(sound), zip(t, text("more"))...), want: "behind its end"},
		"not compressed":              {pack: []byte("mirror-pack 1\n{}\n"), want: "magic number"},
		"a line without an end":       {pack: written(t, vast, endless("\x00", 8<<20)), want: "longer than"},
		"a header without an end":     {pack: zip(t, func(w io.Writer) { io.WriteString(w, "mirror-pack 1\n"); endless(" ", 8<<20)(w) }), want: "longer than"},
		"a million trees too many":    {pack: written(t, good, func(w io.Writer) { fmt.Fprintf(w, "block 1000 1000\n"); endless(leaf, 1<<20)(w) }), want: "not a number"},
		"trees that nobody asked for": {pack: written(t, good, blocks(10, leaf)), want: "more than 2 trees"},
		"the same again and again":    {pack: written(t, vast, blocks(1000, folder(500))), want: "compressed to less"},
		"a million levels":            {pack: written(t, vast, blocks(20, strings.Repeat("tree 1\nd @1 d\n", 50_000))), want: "before the first"},
		"levels without end": {pack: written(t, vast, func(w io.Writer) {
			io.WriteString(w, "block 1 0\ntree 0\n")
			blocks(20, strings.Repeat("tree 1\nd @1 d\n", 50_000))(w)
		}), want: "levels of directories"},
		"a doubling at each level":  {pack: written(t, vast, text("block 101 0\ntree 0\n"+strings.Repeat("tree 2\nd @1 a\nd @1 b\n", 100)+"end 101\n")), want: "files and directories"},
		"a tree of a million lines": {pack: written(t, vast, text("block 1 0\ntree 9223372036854775807\n")), want: "too many lines"},
	} {
		t.Run(name, func(t *testing.T) {
			by, patterns := far, "*"
			if c.by != nil {
				by = c.by
			}
			if c.trust != "" {
				patterns = c.trust
			}
			path, signature := by.sign(c.pack)
			if c.signature != nil {
				signature = c.signature
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := here.receiver().Receive(t.Context(), path, signature, far.from(patterns))
			runtime.ReadMemStats(&after)
			if !errors.Is(err, receive.ErrRefused) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it refused with %q", err, c.want)
			}
			if err != nil && len(err.Error()) > 2000 {
				t.Errorf("the reason has %d bytes", len(err.Error()))
			}
			if grown := int64(after.Sys) - int64(before.Sys); grown > maxGrowth {
				t.Errorf("it took %d MiB", grown>>20)
			}
			sites, siteErr := here.Sites(t.Context())
			if snap := here.force(); snap.Seq != 0 || len(sites) != 0 || siteErr != nil {
				t.Errorf("known are %v, in force is %+v", sites, snap)
			}
		})
	}

	// A tree that is nowhere can be asked for, and is not in force either.
	for name, body := range map[string]string{
		"a tree that nobody has":          "block 1 0\ntree 1\nd " + nobody + " d\nend 1\n",
		"an edit of a tree nobody has":    "block 1 0\nedit " + nobody + " 0\nend 1\n",
		"nothing but a root nobody knows": "end 0\n",
	} {
		path, signature := far.sign(written(t, vast, text(body)))
		if _, err := here.receiver().Receive(t.Context(), path, signature, far.from("*")); !errors.Is(err, pack.ErrLacking) || errors.Is(err, receive.ErrRefused) {
			t.Errorf("%s: got %v", name, err)
		}
		if here.force().Seq != 0 {
			t.Errorf("%s: it is in force", name)
		}
	}
}

// endless writes something over and over.
func endless(some string, size int) func(io.Writer) {
	return func(w io.Writer) {
		chunk := strings.Repeat(some, max(1<<20/len(some), 1))
		for range max(size/len(chunk), 1) {
			io.WriteString(w, chunk)
		}
	}
}

// blocks writes so many blocks of the same trees.
func blocks(n int, trees string) func(io.Writer) {
	return func(w io.Writer) {
		files := strings.Count(trees, "\nf ")
		block := fmt.Sprintf("block %d %d\n%s", strings.Count(trees, "tree "), files, trees) + strings.Repeat("1\n", 2*files)
		for range n {
			io.WriteString(w, block)
		}
	}
}

// folder is a tree of so many files with long names.
func folder(files int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "tree %d\n", files)
	for i := range files {
		fmt.Fprintf(&b, "f %s%06d\n", strings.Repeat("x", 150), i)
	}
	return b.String()
}
