package urn

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"mirrortracker/internal/mirror"
)

// DefaultNID is the namespace unless another is configured. It is not
// registered: the names mean something to those who share a tracker.
const DefaultNID = "mirror"

// The errors of [Names.Place]; others say that a text is no URN.
var (
	ErrNamespace = errors.New("names of this namespace are not resolved here")
	ErrArchive   = errors.New("no archive has this name")
)

// An Archive is a directory of a tracked site that has a name of its own.
type Archive struct {
	Name string
	Site string // the site's name
	Path mirror.Path
}

var soundName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$`)

// Validate reports what cannot be about an archive.
func (a Archive) Validate() error {
	if !soundName.MatchString(a.Name) {
		return fmt.Errorf("archive name %q: want 1 to 64 of a-z, 0-9, dot, dash and underscore, a letter or digit at both ends", a.Name)
	}
	if err := mirror.ValidName(a.Site); err != nil {
		return fmt.Errorf("archive %s: %w", a.Name, err)
	}
	if path, err := mirror.ParsePath(string(a.Path)); err != nil || path != a.Path {
		return fmt.Errorf("archive %s: %q is not the path of a directory below the site's base, such as /pub/gnu", a.Name, string(a.Path))
	}
	return nil
}

// Names are what can be named. They are immutable; nil Names have the default
// namespace and no archives.
type Names struct {
	nid      string
	archives []Archive // sorted by name
}

// NewNames returns the names of a namespace, "" for the default one.
func NewNames(nid string, archives []Archive) (*Names, error) {
	nid = cmp.Or(strings.ToLower(nid), DefaultNID)
	if !ValidNID(nid) {
		return nil, fmt.Errorf("namespace %q: want 2 to 32 letters, digits and dashes, a letter or digit at both ends", nid)
	}
	n := &Names{nid: nid, archives: slices.Clone(archives)}
	slices.SortFunc(n.archives, func(a, b Archive) int { return strings.Compare(a.Name, b.Name) })
	for i, a := range n.archives {
		if err := a.Validate(); err != nil {
			return nil, err
		}
		if i > 0 && a.Name == n.archives[i-1].Name {
			return nil, fmt.Errorf("archive %s: two archives have this name", a.Name)
		}
	}
	return n, nil
}

// NID returns the namespace.
func (n *Names) NID() string {
	if n == nil {
		return DefaultNID
	}
	return n.nid
}

// Archives returns all archives, sorted by name. They are shared.
func (n *Names) Archives() []Archive {
	if n == nil {
		return nil
	}
	return n.archives
}

// Place returns what a name means, as a question's text: a URL, or /SITE/PATH in
// raw bytes. A slash at its end says that the name has one.
func (n *Names) Place(text string) (string, error) {
	u, err := Parse(text)
	if err != nil {
		return "", err
	}
	if u.NID != n.NID() {
		return "", fmt.Errorf("URN %q: %w, but those of %q", shorten(text), ErrNamespace, n.NID())
	}
	if scheme, _, ok := strings.Cut(u.NSS, "://"); ok && !strings.Contains(scheme, "/") {
		return u.NSS, nil
	}
	name, rest, _ := strings.Cut(u.NSS, "/")
	i, found := slices.BinarySearchFunc(n.Archives(), name, func(a Archive, name string) int { return strings.Compare(a.Name, name) })
	if !found {
		return "", fmt.Errorf("URN %q: %w", shorten(text), ErrArchive)
	}
	archive := n.Archives()[i]
	var place strings.Builder
	place.WriteString("/" + archive.Site)
	if archive.Path != mirror.Root {
		place.WriteString(string(archive.Path))
	}
	for part := range strings.SplitSeq(rest, "/") {
		if part == "" {
			continue
		}
		raw, err := url.PathUnescape(part)
		if err != nil || raw == "." || raw == ".." || strings.ContainsAny(raw, "/\x00\r\n") {
			return "", fmt.Errorf("URN %q: %q is no name of a file or directory", shorten(text), part)
		}
		place.WriteString("/" + raw)
	}
	if rest == "" || strings.HasSuffix(rest, "/") {
		place.WriteByte('/')
	}
	return place.String(), nil
}

// Of returns the names of a path of a site: one for each archive that it lies
// in, the archive with the longest path first. Dir says that it is a directory's.
func (n *Names) Of(site string, path mirror.Path, dir bool) []string {
	var in []Archive
	for _, a := range n.Archives() {
		if a.Site == site && (path == a.Path || strings.HasPrefix(string(path), a.Path.Dir())) {
			in = append(in, a)
		}
	}
	slices.SortStableFunc(in, func(a, b Archive) int { return cmp.Compare(len(b.Path), len(a.Path)) })
	var names []string
	for _, a := range in {
		rest := strings.TrimPrefix(strings.TrimPrefix(string(path), strings.TrimSuffix(string(a.Path), "/")), "/")
		if dir && rest != "" {
			rest += "/"
		}
		nss := a.Name
		if rest != "" {
			nss += "/" + mirror.EscapePath(rest)
		}
		names = append(names, URN{n.NID(), nss}.String())
	}
	return names
}
