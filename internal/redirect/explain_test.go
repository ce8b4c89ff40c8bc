package redirect

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// client is who asks in tests of which nothing else is said.
var client = netip.MustParseAddr("192.0.2.1")

func TestReasons(t *testing.T) {
	r := New(Config{Source: example(t).hold(t), Now: clock})
	tests := []struct {
		name string
		q    Question
		want []string // "URL: reason"
	}{
		{"for http", Question{Text: "origin/gnu/file1", Scheme: "http"}, []string{
			"http://east.example/e/g/file1: chosen: drawn first, 0 km",
			"http://wrong.example/gnu/file1: drawn later, 1000 km",
			"https://west.example/w%20w/mirrors/gnu/file1: drawn later, 0 km",
			"ftp://origin.example/pub/gnu/file1: served by ftp, and others by http, 0 km",
			"-ftp://east.example:2121/g/file1: another URL of its site suits the client better: http://east.example/e/",
			"-ftp://west.example/mirrors/gnu/file1: another URL of its site suits the client better: https://west.example/w%20w/",
			"-rsync://west.example/w/mirrors/gnu/file1: no client follows a redirect to rsync",
			"-ftp://wrong.example/gnu/file1: another URL of its site suits the client better: http://wrong.example/",
		}},
		{"for https", Question{Text: "origin/gnu/file1", Scheme: "https"}, []string{
			"https://west.example/w%20w/mirrors/gnu/file1: chosen: drawn first, 0 km",
			"-http://east.example/e/g/file1: it is served without TLS, and others with it",
			"-http://wrong.example/gnu/file1: it is served without TLS, and others with it",
			"-ftp://origin.example/pub/gnu/file1: it is served without TLS, and others with it",
			"-ftp://east.example:2121/g/file1: another URL of its site suits the client better: http://east.example/e/",
			"-ftp://west.example/mirrors/gnu/file1: another URL of its site suits the client better: https://west.example/w%20w/",
			"-rsync://west.example/w/mirrors/gnu/file1: no client follows a redirect to rsync",
			"-ftp://wrong.example/gnu/file1: another URL of its site suits the client better: http://wrong.example/",
		}},
		{"for ftp", Question{Text: "origin/gnu", Scheme: "ftp"}, []string{
			"ftp://east.example:2121/g/: chosen: drawn first, 0 km",
			"ftp://wrong.example/gnu/: drawn later, 1000 km",
			"ftp://origin.example/pub/gnu/: drawn later, 0 km",
			"ftp://west.example/mirrors/gnu/: drawn later, 0 km",
			"-http://east.example/e/g/: another URL of its site suits the client better: ftp://east.example:2121/",
			"-https://west.example/w%20w/mirrors/gnu/: another URL of its site suits the client better: ftp://west.example/",
			"-rsync://west.example/w/mirrors/gnu/: no client follows a redirect to rsync",
			"-http://wrong.example/gnu/: another URL of its site suits the client better: ftp://wrong.example/",
		}},
		{"the only one", Question{Text: "origin/small/", Scheme: "http"}, []string{
			"ftp://origin.example/pub/small/: chosen: the only one, 0 km",
			"-ftp://lone.example/other/: doubtful: only 1 file and 17.6 KiB, and 0 of 3 trailing names equal",
		}},
		{"of one site", Question{Text: "late/x", Scheme: "https"}, []string{
			"https://late.example/l/x: chosen: the only one, 0 km",
			"-ftp://late.example/x: another URL of its site suits the client better: https://late.example/l/",
		}},
		{"of a whole directory", Question{Text: "origin/gnu/sub/deep.tar", Scheme: "http", Within: "/gnu"}, []string{
			"http://east.example/e/g/sub/deep.tar: chosen: drawn first, 0 km",
			"http://wrong.example/gnu/sub/deep.tar: drawn later, 1000 km",
			"https://west.example/w%20w/mirrors/gnu/sub/deep.tar: drawn later, 0 km",
			"ftp://origin.example/pub/gnu/sub/deep.tar: served by ftp, and others by http, 0 km",
			"-ftp://east.example:2121/g/sub/deep.tar: another URL of its site suits the client better: http://east.example/e/",
			"-ftp://west.example/mirrors/gnu/sub/deep.tar: another URL of its site suits the client better: https://west.example/w%20w/",
			"-rsync://west.example/w/mirrors/gnu/sub/deep.tar: no client follows a redirect to rsync",
			"-ftp://wrong.example/gnu/sub/deep.tar: another URL of its site suits the client better: http://wrong.example/",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.q.Client = client
			a, err := r.Explain(test.q)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, reasons(a)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// reasons writes an answer in lines, with a dash before what is left out.
func reasons(a *Answer) []string {
	var all []string
	for i := range a.Candidates {
		c := &a.Candidates[i]
		all = append(all, fmt.Sprintf("%s: %s, %.0f km", c.URL(), c.Reason, c.Cost))
	}
	for i := range a.LeftOut {
		all = append(all, "-"+a.LeftOut[i].URL()+": "+a.LeftOut[i].Reason)
	}
	return all
}

func TestWhyOriginal(t *testing.T) {
	r := New(Config{Source: example(t).hold(t), Now: clock})
	for text, want := range map[string]string{
		"origin/gnu/file1":   "",
		"origin/gnu/sub/new": "the path is not in the index; known as far as /gnu/sub/",
		"origin/.x/y":        "a name that begins with a dot is in no index",
		"origin/broken/x":    "the directory is incomplete (refused)",
		"origin/broken/y":    "the path is not in the index; what is known of /broken/ is incomplete (refused)",
		"origin":             "the directory is incomplete (below)",
		"late/x":             "the site has no snapshot yet",
	} {
		a, err := r.Explain(Question{Text: text, Scheme: "http"})
		if err != nil || a.Reason != want {
			t.Errorf("%s: got %q, %v, want %q", text, a.Reason, err, want)
		}
	}
}
