package resolver

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"mirrortracker/internal/digest"
)

func TestFolderEntries(t *testing.T) {
	w := newWorld()
	w.add("s", "ftp://s.example/pub/", dir{
		"a":       dir{"f": 7, "sub": dir{"g": 8}},
		"a-b":     "a/f",
		"a.txt":   9,
		"\xff":    10,
		"refused": dir{"!": "refused", "seen": 1},
		"size?":   file{digest.UnknownSize, 0},
		"empty":   dir{},
	})
	w.sites = append(w.sites, w.sites[0])
	w.sites[1].Name, w.sites[1].URL.Host = "unseen", "unseen.example"
	x := w.index(t, Options{})
	var a Answer
	x.Resolve(&a, 0, "/")
	const all = `dir a 2/1, link a-b a/f, file a.txt 9 2024-01-02, dir empty 0/0, dir refused 1/0 refused, file size? -1 -, file ` + "\xff 10 2024-01-02"
	tell := func(after string) string {
		var told []string
		for e := range a.Folder().Entries(after) {
			text := ""
			switch e.Kind {
			case digest.Dir:
				s := e.Folder.Summary()
				text = strings.TrimSpace(fmt.Sprintf("dir %s %d/%d %s", e.Name, s.Files, s.Dirs, e.Folder.Incomplete()))
			case digest.Link:
				text = "link " + e.Name + " " + e.Target
			default:
				text = fmt.Sprintf("file %s %d %s", e.Name, e.Size, e.Date)
			}
			told = append(told, text)
		}
		return strings.Join(told, ", ")
	}
	if got := tell(""); got != all {
		t.Errorf("entries %q, want %q", got, all)
	}
	names := strings.Split(all, ", ")
	for i, after := range []string{"a", "a-b", "a.txt", "empty", "refused", "size?", "\xff"} {
		if got, want := tell(after), strings.Join(names[i+1:], ", "); got != want {
			t.Errorf("after %q: %q, want %q", after, got, want)
		}
	}
	if f := a.Folder(); !f.Known() || f.Summary() != a.Tree() || f.Incomplete() != "below" {
		t.Errorf("the root is %+v, %q", f.Summary(), f.Incomplete())
	}
	x.Resolve(&a, 1, "/")
	if f := a.Folder(); f.Known() || len(slices.Collect(f.Entries(""))) > 0 || f.Incomplete() != "" || f.Reason() != "" {
		t.Error("there is a folder of a site without a snapshot")
	}
}
