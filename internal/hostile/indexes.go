package hostile

import (
	"bytes"
	"compress/gzip"
	"strings"
)

// indexes is about the file that says what is on the site.
func indexes() []Behaviour {
	// with serves an index beside the honest tree.
	with := func(name, text string) func() *Site {
		return func() *Site { return &Site{Tree: Dirs(Honest), Index: map[string]string{name: text}} }
	}
	block := func(heading, dir string) string {
		return heading + ":\n" + strings.ReplaceAll(Long.Lines(Honest[dir]), "\r", "") + "\n"
	}
	honest := block(".", "/") + block("./bad", Bad) + block("./bad/below", "/bad/below") + block("./good", "/good") + block("./good/below", "/good/below")
	lies := block(".", "/") + block("./bad", "/good") + block("./bad/below", "/good/below") + block("./good", "/good") + block("./good/below", "/good/below")
	packed := gz(honest)
	all := []Behaviour{
		{Name: "index that is a bomb", Site: with("ls-lR.gz", strings.Repeat(gz(strings.Repeat("\n", 16<<20)), 500))},
		{Name: "index that is a bomb of one line", Site: with("ls-lR.gz", strings.Repeat(gz(strings.Repeat("x", 16<<20)), 500))},
		{Name: "index that is a bomb of names", Site: with("ls-lR.gz", gz(honest)+strings.Repeat(gz(strings.Repeat("-rw-r--r-- 1 a b 1 Jan  5  2023 x\n", 1<<19)), 500))},
		{Name: "index that is cut", Site: with("ls-lR.gz", packed[:len(packed)-10])},
		{Name: "index that is damaged", Site: with("ls-lR.gz", packed[:len(packed)/2]+"\x00\x00\x00"+packed[len(packed)/2+3:])},
		{Name: "index that is no gzip", Site: with("ls-lR.gz", honest)},
		{Name: "index that is empty", Site: with("ls-lR.gz", "")},
		{Name: "index that lies", Site: with("ls-lR.gz", gz(lies))},
		{Name: "index that lies, not packed", Site: with("ls-lR", lies)},
		{Name: "index that lacks directories", Site: with("ls-lR.gz", gz(block(".", "/")+block("./good", "/good")))},
		{Name: "index of another place", Site: with("ls-lR.gz", gz(strings.ReplaceAll(honest, "./", "/../../")))},
		{Name: "index of endless depth", Site: with("ls-lR", block(".", "/")+deep(5000))},
		{Name: "index in xz that is none", Site: with("ls-lR.xz", "\xfd7zXZ\x00"+much)},
		{Name: "index in zstd that is none", Site: with("ls-lR.zst", "\x28\xb5\x2f\xfd\xff\xff\xff\xff"+much)},
	}
	for i := range all {
		all[i].Fixed, all[i].Ends = true, neverWrong
	}
	return all
}

// deep lists directories in each other.
func deep(levels int) string {
	var b strings.Builder
	path := "./bad"
	for range levels {
		b.WriteString(path + ":\n" + strings.ReplaceAll(Long.Lines([]Entry{Dir("d")}), "\r", "") + "\n")
		path += "/d"
	}
	return b.String()
}

func gz(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close() // into memory
	return b.String()
}
