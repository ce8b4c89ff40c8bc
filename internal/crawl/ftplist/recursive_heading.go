package ftplist

import (
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// headed returns the directory that a heading in the recursive listing of another one
// means, and whether it means one at all: that directory or one below it.
//
//	(none) or .     the directory itself
//	./a/b or a/b    below it
//	/pub/a/b        from the root of the server, of which the site may be a part
func headed(top mirror.Path, base, heading string) (dir mirror.Path, ok bool) {
	if heading == "" || heading == "." {
		return top, true
	}
	rest, absolute := strings.CutPrefix(heading, base)
	switch {
	case strings.HasPrefix(heading, "/") && !absolute && heading+"/" != base:
		return "", false
	case strings.HasPrefix(heading, "/"):
		dir, ok = descend(mirror.Root, rest)
		if heading+"/" == base || rest == "" {
			dir, ok = mirror.Root, true
		}
	default:
		dir, ok = descend(top, strings.TrimPrefix(heading, "./"))
	}
	if !ok || dir != top && !strings.HasPrefix(string(dir), top.Dir()) {
		return "", false
	}
	return dir, true
}

// descend follows names, all of which must be sound.
func descend(dir mirror.Path, names string) (mirror.Path, bool) {
	for name := range strings.SplitSeq(names, "/") {
		if !digest.SoundName(name) || name == "." || name == ".." {
			return "", false
		}
	}
	return dir.Join(names), true
}
