package main

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A site is one of the five, as it is written to disk and served.
type site struct {
	name   string
	about  string
	base   string // where the toys lie on it; "" if it has none
	weight int
	place  string // latitude and longitude
	far    bool   // crawled by the other tracker
	slaves bool   // a master with slaves serves it
	write  func(dir string) error

	url string // filled in when it is served
}

// addr is where the site is served, as HOST:PORT.
func (s *site) addr() string { return strings.TrimSuffix(strings.TrimPrefix(s.url, "ftp://"), "/") }

// Where things are on the sites.
const (
	originBase  = "/pub/toys"
	mirrorBase  = "/mirrors/toys.example.org"
	wrongBase   = "/pub/mirror/toys"
	partialBase = "/toys"
	newest      = "/releases/2.1/toys-2.1.tar.gz"
	missing     = "/pool/main/t/toys/toys_2.1-1_amd64.deb"
)

// sites returns the five sites of the demo.
func sites() []*site {
	return []*site{
		{name: "origin", about: "the original, in Boston", base: originBase, weight: 100, place: "42.36,-71.06", slaves: true, write: func(dir string) error {
			return writeToys(dir+originBase, released, nil)
		}},
		{name: "mirror", about: "a complete mirror under another path, in Hamburg", base: mirrorBase, weight: 100, place: "53.55,9.99", far: true, write: func(dir string) error {
			return errs(writeToys(dir+mirrorBase, released, nil), writeFile(dir+"/mirrors/README", 700, released))
		}},
		{name: "wrong-dates", about: "a complete mirror whose timestamps are all wrong, in Berlin", base: wrongBase, weight: 100, place: "52.52,13.40", write: func(dir string) error {
			return writeToys(dir+wrongBase, released.AddDate(3, 1, 4), nil)
		}},
		{name: "partial", about: "a mirror with one file missing deep down, in Paris", base: partialBase, weight: 100, place: "48.86,2.35", write: func(dir string) error {
			return writeToys(dir+partialBase, released, map[string]bool{missing: true})
		}},
		{name: "unrelated", about: "something else, with the same licence file and an empty directory, in Sydney", weight: 100, place: "-33.87,151.21", far: true, write: func(dir string) error {
			return errs(
				writeFile(dir+"/software/other/other-1.0.zip", 123_456, released),
				writeFile(dir+"/software/other/licence/COPYING", 35_149, released),
				os.MkdirAll(dir+"/incoming", 0o755))
		}},
	}
}

// released is when the toys were last touched.
var released = time.Date(2026, 3, 14, 9, 26, 0, 0, time.UTC)

// writeToys writes the archive that the mirrors share, but for what to leave out.
func writeToys(dir string, modified time.Time, without map[string]bool) error {
	files := map[string]int64{
		"/README":          1_482,
		"/licence/COPYING": 35_149,
		newest:             4_812_003,
		missing:            812_114,
	}
	for _, version := range []string{"1.0", "1.1", "2.0", "2.1"} {
		release := "/releases/" + version + "/toys-" + version
		files[release+".tar.gz"] = 4_812_003
		files[release+".tar.xz"] = 3_100_440
		files[release+".tar.xz.sig"] = 566
	}
	for _, arch := range []string{"amd64", "arm64", "riscv64"} {
		files["/pool/main/t/toys/toys_2.1-1_"+arch+".deb"] = 812_114
		files["/pool/main/t/toys/toys-data_2.1-1_"+arch+".deb"] = 91_120
	}
	for name, size := range files {
		if without[name] {
			continue
		}
		if err := writeFile(dir+name, size, modified); err != nil {
			return err
		}
	}
	return os.Symlink("2.1", dir+"/releases/latest")
}

// writeFile writes a sparse file and the folders above it.
func writeFile(path string, size int64, modified time.Time) error {
	if err := writeText(path, "", modified); err != nil {
		return err
	}
	return errs(os.Truncate(path, size), os.Chtimes(path, modified, modified))
}

// writeText writes a file with content, and the folders above it.
func writeText(path, text string, modified time.Time) error {
	return errs(
		os.MkdirAll(filepath.Dir(path), 0o755),
		os.WriteFile(path, []byte(text), 0o644),
		os.Chtimes(path, modified, modified))
}
