package health

import (
	"math/rand/v2"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// Files is a [Sampler] that takes files from the index in force, at random.
type Files struct{ Index func() *resolver.Index } // may return nil

var _ Sampler = Files{}

// The bounds of a search for a file: so many times it begins at the root, and in
// each directory it looks at so many entries.
const (
	maxWalks   = 8
	maxEntries = 64
)

// File implements Sampler. It takes no file that is hidden, empty, or of unknown size,
// and one that did not change for a while before others: what is old is likely to be
// there still.
func (f Files) File(id mirror.SiteID) (path mirror.Path, size int64, ok bool) {
	index := f.Index()
	if index == nil {
		return "", 0, false
	}
	site := index.Number(id)
	if site < 0 {
		return "", 0, false
	}
	var a resolver.Answer
	index.Resolve(&a, site, mirror.Root)
	stable := a.Snapshot().Started.AddDate(0, -1, 0)
	for range maxWalks {
		found, file := descend(a.Folder())
		if file.Name == "" {
			continue
		}
		path, size, ok = found.Join(file.Name), file.Size, true
		if file.Date.Known() && file.Date.Time().Before(stable) {
			break
		}
	}
	return path, size, ok
}

// descend goes down at random, until it takes a file; its name is empty where the
// way ends without one.
func descend(folder resolver.Folder) (dir mirror.Path, file resolver.Entry) {
	dir = mirror.Root
	for {
		file, below := pick(folder)
		if below.Name == "" || file.Name != "" && rand.IntN(2) == 0 {
			return dir, file
		}
		dir, folder = dir.Join(below.Name), below.Folder
	}
}

// pick takes a file and a directory at random, of some entries that follow each other.
func pick(folder resolver.Folder) (file, dir resolver.Entry) {
	// In a large directory most names lie between others; in a small one it is as
	// well to begin with the first.
	file, dir = pickAfter(folder, string([]byte{byte(rand.IntN(0x80)), byte(rand.IntN(0x80))}))
	if file.Name == "" && dir.Name == "" {
		file, dir = pickAfter(folder, "")
	}
	return file, dir
}

func pickAfter(folder resolver.Folder, after string) (file, dir resolver.Entry) {
	files, dirs, looked := 0, 0, 0
	for e := range folder.Entries(after) {
		if looked++; looked > maxEntries {
			break
		}
		switch {
		case strings.HasPrefix(e.Name, "."):
		case e.Kind == digest.File && e.Size > 0:
			if files++; rand.IntN(files) == 0 {
				file = e
			}
		case e.Kind == digest.Dir:
			if dirs++; rand.IntN(dirs) == 0 {
				dir = e
			}
		}
	}
	return file, dir
}
