package xferlog

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/mirror"
)

func ended(c control.Client, t control.Transfer, took time.Duration, err error) *control.TransferEnded {
	return &control.TransferEnded{Client: &c, Transfer: &t, Bytes: 42, Took: took, Reply: 226, Err: err}
}

func TestClassic(t *testing.T) {
	zone := time.Local
	time.Local = time.FixedZone("", 3600)
	defer func() { time.Local = zone }()
	began := time.Date(2026, 3, 5, 11, 0, 0, 0, time.UTC)
	six := control.Client{Peer: netip.MustParseAddrPort("[2001:db8::1]:1234"), User: "ann"}
	for name, tt := range map[string]struct {
		event control.Event
		want  string
	}{
		"user": {
			ended(six, control.Transfer{Verb: "APPE", Path: "/a\tb\x7f\r\nc", Began: began}, 90*time.Second+400*time.Millisecond, nil),
			"Thu Mar  5 12:01:30 2026 90 2001:db8::1 42 /a_b___c b _ i r ann ftp 0 * c\n",
		},
		"nobody knows": {
			ended(control.Client{Anonymous: true}, control.Transfer{Verb: "RETR", Path: "/f", Text: true, Began: began}, 0, errors.New("gone")),
			"Thu Mar  5 12:00:00 2026 1 ? 42 /f a _ o a ? ftp 0 * i\n",
		},
		"listing": {ended(six, control.Transfer{Verb: "LIST", Path: "/", Began: began}, 0, nil), ""},
		"login":   {&control.LoggedIn{Client: &six}, ""},
		"mkdir":   {&control.Changed{Client: &six, Verb: "MKD", Path: "/d"}, ""},
	} {
		if got := string(Classic(nil, tt.event)); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// Whatever clients choose, a record is one line with as many fields as it must have, and
// JSON has the path as it was.
func FuzzRecords(f *testing.F) {
	f.Add("/a b\nc", "me@example.org", "ann")
	f.Add("/\xff%41\x00\u2028\u0085", "", "a\rb <&>")
	f.Fuzz(func(t *testing.T, path, ident, user string) {
		for _, anonymous := range []bool{true, false} {
			e := ended(control.Client{User: user, Ident: ident, Anonymous: anonymous}, control.Transfer{Verb: "STOR", Path: mirror.Path(path)}, time.Second, nil)
			line := string(Classic(nil, e))
			if n := strings.Count(line, " "); n-strings.Count(line[:24], " ") != 13 || strings.IndexAny(line, "\r\n\t\x00\x7f") != len(line)-1 {
				t.Errorf("%d blanks in %q", n, line)
			}
			for _, format := range []Format{JSON, Everything} {
				text := string(format(nil, e))
				var r record
				if err := json.Unmarshal([]byte(text), &r); err != nil || strings.Index(text, "\n") != len(text)-1 {
					t.Fatalf("%q: %v", text, err)
				}
				if !r.Escaped && r.Path != path || r.Escaped && r.Path != mirror.EscapePath(path) {
					t.Errorf("path %q became %q", path, r.Path)
				}
			}
		}
	})
}

// A record says which slave had the file and how its bytes travelled, and nothing of it
// where there are none.
func TestPlan(t *testing.T) {
	for kind, want := range map[data.Kind]string{
		data.Direct:  `"tls":false,"plan":"direct","holder":"one",`,
		data.Bridged: `"tls":false,"plan":"slave-relay","holder":"one",`,
		data.Local:   `"tls":false,"size"`,
		"":           `"tls":false,"size"`,
	} {
		e := ended(control.Client{}, control.Transfer{Verb: "RETR", Path: "/f", Kind: kind, Holder: "one"}, 0, nil)
		if got := string(JSON(nil, e)); !strings.Contains(got, want) {
			t.Errorf("%s: %s", kind, got)
		}
	}
}
