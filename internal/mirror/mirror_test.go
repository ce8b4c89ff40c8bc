package mirror

import (
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"ftp://Ftp.Example.ORG", "ftp://ftp.example.org/"},
		{"FTP://ftp.example.org:21/pub", "ftp://ftp.example.org/pub/"},
		{"ftp://ftp.example.org:2121//pub///x/", "ftp://ftp.example.org:2121/pub/x/"},
		{"https://[2001:DB8::1]/pub/", "https://[2001:db8::1]/pub/"},
		{"https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/"},
		{"ftp://h/a%20b%2541/%E9/%3f%23", "ftp://h/a%20b%2541/%E9/%3F%23/"},
		{"FTPS://h:990/x", "ftps://h/x/"},
		{"ftps://h:21/", "ftps://h:21/"},
		{"ftp://h/a+b@c", "ftp://h/a+b@c/"},
	} {
		got, err := ParseURL(c.in)
		if err != nil || got.String() != c.want {
			t.Errorf("%s is %s, %v; want %s", c.in, got, err, c.want)
			continue
		}
		if again, err := ParseURL(got.String()); err != nil || again != got {
			t.Errorf("%s is read back as %v, %v", got, again, err)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for in, why := range map[string]string{
		"":                         "scheme",
		"gopher://h/":              "scheme",
		"ftp:///pub":               "no host",
		"ftp://::":                 "no address of IPv6",
		"ftp://user:geheim@h/":     "anonymously",
		"ftp://h/?C=M":             "query",
		"ftp://h/#x":               "fragment",
		"ftp://h:0/":               "port",
		"ftp://h:65536/":           "port",
		"ftp://h/a/../b":           `".."`,
		"ftp://h/a%0d%0aDELE%20b/": "control character",
		"ftp://h/%zz":              "escape",
		"ftp://a b/":               "invalid character",
		"ftp://u:geheim@h:x/":      "invalid port",
	} {
		if got, err := ParseURL(in); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: got %v, %v; want an error with %q", in, got, err, why)
		} else if strings.Contains(err.Error(), "geheim") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}

func TestBelow(t *testing.T) {
	for _, c := range []struct {
		base string
		path Path
		rest Path
		ok   bool
	}{
		{"ftp://h/", "/pub/x", "/pub/x", true},
		{"ftp://h/pub", "/pub/x", "/x", true},
		{"ftp://h/pub", "/pub", "/", true},
		{"ftp://h/pub", "/public", "", false},
		{"ftp://h/pub", "/", "", false},
	} {
		base, err := ParseURL(c.base)
		if err != nil {
			t.Fatal(err)
		}
		if rest, ok := base.Below(c.path); rest != c.rest || ok != c.ok {
			t.Errorf("%s below %s: %q, %v", c.path, c.base, rest, ok)
		}
	}
}

// Whatever bytes a path holds, the URL made of it is one, and means that path.
func TestEscapingKeepsEveryByte(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var names []string
		for _, b := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 8), 0, 4).Draw(t, "names") {
			name := string(b)
			if name == "." || name == ".." || strings.ContainsAny(name, "\x00\r\n/") {
				continue
			}
			names = append(names, name)
		}
		p := FromNames(names)
		base := URL{Scheme: "https", Host: "h", Port: 443, Base: "/pub/"}
		text := base.At(p, false)
		parsed, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if want := "/pub" + strings.TrimSuffix(string(p), "/"); strings.TrimSuffix(parsed.Path, "/") != want || parsed.RawQuery != "" || parsed.Fragment != "" {
			t.Fatalf("%q became %s, which means %q", p, text, parsed.Path)
		}
	})
}

func TestParsePath(t *testing.T) {
	for in, want := range map[string]Path{"": "/", "/": "/", "//a///b//": "/a/b", "a b": "/a b", "/\xe9 ": "/\xe9 "} {
		if got, err := ParsePath(in); err != nil || got != want {
			t.Errorf("%q is %q, %v; want %q", in, got, err, want)
		} else if again := FromNames(got.Names()); again != got {
			t.Errorf("%q taken apart and joined is %q", got, again)
		}
	}
	for _, in := range []string{"/a/./b", "..", "/a/..", "/a\nb", "/\x00"} {
		if got, err := ParsePath(in); err == nil {
			t.Errorf("%q passes as %q", in, got)
		}
	}
}

// TestPathFrom moves paths from one directory to another.
func TestPathFrom(t *testing.T) {
	for _, c := range []struct {
		p, dir     Path
		within     bool
		rest, name string
	}{
		{"/a/b", "/a", true, "/b", "b"},
		{"/a", "/a", true, "/", "a"},
		{"/a", "/", true, "/a", "a"},
		{"/", "/", true, "/", ""},
		{"/ab/c", "/a", false, "", "c"},
		{"/", "/a", false, "", ""},
	} {
		if got := c.p.Within(c.dir); got != c.within {
			t.Errorf("%s within %s: %v", c.p, c.dir, got)
		}
		if got := c.p.Name(); got != c.name {
			t.Errorf("name of %s: %q", c.p, got)
		}
		if !c.within {
			continue
		}
		rest := c.p.From(c.dir)
		if rest != Path(c.rest) {
			t.Errorf("%s from %s: %s", c.p, c.dir, rest)
		}
		if back := rest.At(c.dir); back != c.p {
			t.Errorf("%s at %s: %s", rest, c.dir, back)
		}
	}
}

func TestSiteValidate(t *testing.T) {
	u, _ := ParseURL("ftp://h/pub")
	s, _ := ParseURL("https://h/pub")
	good := Site{Name: "gnu-1.de", URL: u, Serving: []URL{s}, Weight: 1}
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for why, spoil := range map[string]func(*Site){
		"site name":    func(s *Site) { s.Name = "A/b" },
		"taken":        func(s *Site) { s.Name = "metrics" },
		"weight -1":    func(s *Site) { s.Weight = -1 },
		"stands twice": func(s *Site) { s.Serving = []URL{s.URL} },
		"ftp://":       func(x *Site) { x.URL = s },
	} {
		bad := good
		spoil(&bad)
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("got %v, want an error with %q", err, why)
		}
	}
}
