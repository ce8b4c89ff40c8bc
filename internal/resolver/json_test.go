package resolver

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/mirror"
)

func TestJSON(t *testing.T) {
	w := newWorld()
	d := dir{"d \xe9": dir{"f#\xff": 7}, "more": 1}
	w.add("a", "ftp://a.example/p b/", d)
	w.add("b", "ftp://b.example/p b/", d)
	w.add("c", "ftp://c.example/", dir{"x": d["d \xe9"]})
	w.change("b", func(s *mirror.Site) {
		u, err := mirror.ParseURL("https://b.example/b/")
		if err != nil {
			t.Fatal(err)
		}
		s.Serving = []mirror.URL{u}
	})
	x := w.index(t, Options{Doubt: Doubt{Files: 2, Bytes: 1 << 20, Names: 3}})
	for path, want := range map[mirror.Path]string{
		"/d \xe9/f#\xff": `{
			"site": "a", "url": "ftp://a.example/p%20b/", "asked": "/d%20%E9/f%23%FF", "known": true,
			"prefix": "/d%20%E9/", "real": "/d%20%E9/f%23%FF", "is_dir": false, "directory": "/d%20%E9/",
			"file": {"name": "f%23%FF", "size": 7, "date": "2024-01-02"},
			"tree": {
				"id": "ID", "exact": "EXACT", "blind": "BLIND",
				"files": 1, "dirs": 0, "bytes": 7
			},
			"snapshot": {"seq": 1, "started": "1970-01-01T00:16:40Z", "finished": "1970-01-01T00:16:45Z", "incomplete": 0},
			"replicas": [
				{
					"site": "a", "path": "/d%20%E9/f%23%FF", "urls": ["ftp://a.example/p%20b/d%20%E9/f%23%FF"],
					"class": "exact", "original": true, "similarity": 2,
					"evidence": {"class": "exact", "asked": "/", "path": "/", "similarity": 1, "files": 2, "dirs": 1, "bytes": 8}
				},
				{
					"site": "b", "path": "/d%20%E9/f%23%FF",
					"urls": ["ftp://b.example/p%20b/d%20%E9/f%23%FF", "https://b.example/b/d%20%E9/f%23%FF"],
					"class": "exact", "similarity": 2,
					"evidence": {"class": "exact", "asked": "/", "path": "/", "similarity": 1, "files": 2, "dirs": 1, "bytes": 8}
				}
			],
			"doubtful": [
				{
					"site": "c", "path": "/x/f%23%FF", "urls": ["ftp://c.example/x/f%23%FF"], "class": "exact", "similarity": 0,
					"evidence": {"class": "exact", "asked": "/d%20%E9/", "path": "/x/", "similarity": 0, "files": 1, "dirs": 0, "bytes": 7},
					"reason": "only 1 file and 7 B, and 0 of 3 trailing names equal"
				}
			]
		}`,
	} {
		a := ask(t, x, "a", path)
		want = replaceAll(want, "ID", a.Tree().ID.String(), "EXACT", a.Tree().Exact.String(), "BLIND", a.Tree().Blind.String())
		compareJSON(t, a, want)
	}
	w.add("none", "ftp://none.example/", nil)
	compareJSON(t, ask(t, w.index(t, Options{}), "none", "/.x"), `{
		"site": "none", "url": "ftp://none.example/", "asked": "/.x", "known": false, "hidden": true,
		"prefix": "/", "is_dir": false, "directory": "/", "replicas": [], "doubtful": []
	}`)
}

func replaceAll(s string, pairs ...string) string {
	b := []byte(s)
	for i := 0; i < len(pairs); i += 2 {
		b = bytes.ReplaceAll(b, []byte(`"`+pairs[i]+`"`), []byte(`"`+pairs[i+1]+`"`))
	}
	return string(b)
}

func compareJSON(t *testing.T, a *Answer, want string) {
	t.Helper()
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var x, y any
	if err := json.Unmarshal(text, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &y); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(y, x); diff != "" {
		t.Errorf("%s (-want +got):\n%s", a.Asked, diff)
	}
}
