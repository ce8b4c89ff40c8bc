package mirror

import (
	"cmp"
	"fmt"
	"strings"
)

// A Path names a file or directory of a site, from the site's root, as raw
// bytes that need not be UTF-8. It begins with a slash, has no empty, "." or
// ".." components, no NUL, CR or LF, and no slash at its end; the root is "/".
type Path string

// Root is the path of a site's root.
const Root Path = "/"

// ParsePath cleans up a path: a slash is put before it where there is none, and
// repeated and trailing slashes are dropped.
func ParsePath(raw string) (Path, error) {
	if clean(raw) {
		return Path(raw), nil
	}
	if strings.ContainsAny(raw, "\x00\r\n") {
		return "", fmt.Errorf("path %q holds a control character that no path may hold", raw)
	}
	var b strings.Builder
	for name := range strings.SplitSeq(raw, "/") {
		switch name {
		case "":
			continue
		case ".", "..":
			return "", fmt.Errorf("path %q has a component %q", raw, name)
		}
		b.WriteByte('/')
		b.WriteString(name)
	}
	if b.Len() == 0 {
		return Root, nil
	}
	return Path(b.String()), nil
}

// clean reports whether a path is written as it should be already.
func clean(raw string) bool {
	if raw == "" || raw[0] != '/' {
		return false
	}
	begin := 1 // of a name
	for i := 1; i < len(raw); i++ {
		switch c := raw[i]; {
		case c > '/':
		case c == '/':
			if !isName(raw[begin:i]) {
				return false
			}
			begin = i + 1
		case c == 0, c == '\r', c == '\n':
			return false
		}
	}
	return len(raw) == 1 || isName(raw[begin:])
}

// isName reports whether what stands between slashes names an entry of a directory.
func isName(text string) bool { return text != "" && text != "." && text != ".." }

// Join returns the path of a name in the directory p.
func (p Path) Join(name string) Path {
	if p == Root {
		return Path("/" + name)
	}
	return p + Path("/"+name)
}

// Parent returns the directory in which p lies; the root lies in itself.
func (p Path) Parent() Path {
	if i := strings.LastIndexByte(string(p), '/'); i > 0 {
		return p[:i]
	}
	return Root
}

// Name returns the last component, "" for the root.
func (p Path) Name() string { return string(p[strings.LastIndexByte(string(p), '/')+1:]) }

// Within reports whether p is dir or lies below it.
func (p Path) Within(dir Path) bool {
	below, ok := strings.CutPrefix(string(p), string(dir))
	return ok && (dir == Root || below == "" || below[0] == '/')
}

// From returns the path of p as one from dir, in which it lies: the root for dir itself.
func (p Path) From(dir Path) Path {
	if dir == Root {
		return p
	}
	return cmp.Or(p[len(dir):], Root)
}

// At returns the path at which p is found where its root is put at dir: the reverse of
// [Path.From].
func (p Path) At(dir Path) Path {
	switch {
	case dir == Root:
		return p
	case p == Root:
		return dir
	}
	return dir + p
}

// Names returns the components, none for the root.
func (p Path) Names() []string {
	if p == Root || p == "" {
		return nil
	}
	return strings.Split(string(p[1:]), "/")
}

// Dir writes the path as that of a directory, with a slash at its end.
func (p Path) Dir() string {
	if p == Root {
		return string(p)
	}
	return string(p) + "/"
}

// FromNames is the reverse of [Path.Names].
func FromNames(names []string) Path { return Path("/" + strings.Join(names, "/")) }
