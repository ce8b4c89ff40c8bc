package trust

import (
	"strings"
	"testing"

	"mirrortracker/internal/mirror"
)

func TestWhichSitesAPatternHas(t *testing.T) {
	for pattern, sites := range map[string]map[string]bool{
		"*": {"ftp://ftp.example.org/": true, "ftp://[2001:db8::1]/": true},
		"*.DE": {
			"ftp://ftp.example.de/pub/": true,
			"ftp://de/":                 false, // no host below de
			"ftp://ftp.example.xde/":    false,
			"ftp://ftp.de.example/":     false,
		},
		"ftp.Example.org": {
			"ftp://ftp.example.org/":         true,
			"ftps://FTP.example.org:2121/x/": true,
			"ftp://evil.ftp.example.org/":    false,
			"ftp://ftp.example.org.evil/":    false,
		},
		"ftp://ftp.example.org/pub": {
			"ftp://ftp.example.org/pub/":      true,
			"ftp://ftp.example.org:21/pub/a/": true,
			"ftp://ftp.example.org/public/":   false,
			"ftp://ftp.example.org/":          false,
			"ftps://ftp.example.org/pub/":     false,
			"ftp://ftp.example.org:2121/pub/": false,
		},
		"2001:db8::1": {"ftp://[2001:db8::1]/": true, "ftp://[2001:db8::11]/": false},
	} {
		p, err := Parse(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		if again, err := Parse(p.String()); err != nil || again != p {
			t.Errorf("%s is written as %s, which is read as %v (%v)", pattern, p, again, err)
		}
		for site, want := range sites {
			u, err := mirror.ParseURL(site)
			if err != nil {
				t.Fatal(err)
			}
			if got := (Sites{p}).Have(u); got != want {
				t.Errorf("%s has %s: %v, want %v", pattern, site, got, want)
			}
		}
	}
	if u, _ := mirror.ParseURL("ftp://ftp.example.org/"); (Sites{}).Have(u) {
		t.Error("no patterns have a site")
	}
}

func TestWhatIsNoPattern(t *testing.T) {
	for _, text := range []string{"", "**", "*de", "*.", "a.*", "ftp.*.de", "a b", "ftp.example.org/pub", "gopher://ftp.example.org/", "*.de ", "-a", strings.Repeat("a", maxText+1)} {
		if p, err := Parse(text); err == nil {
			t.Errorf("%q is read as %v", text, p)
		}
	}
	if _, err := ParseAll(make([]string, maxPatterns+1)); err == nil {
		t.Error("too many patterns are read")
	}
}
