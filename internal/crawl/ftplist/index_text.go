package ftplist

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/listing"
	"mirrortracker/internal/mirror"
)

// An indexBlock is what an index file tells of one directory.
type indexBlock struct {
	path mirror.Path
	listing.Listing
	bad error // what was not understood
}

// hasDirs reports whether the directory has subdirectories.
func (b *indexBlock) hasDirs() bool {
	return slices.ContainsFunc(b.Entries, func(e listing.Entry) bool { return e.Kind == digest.Dir && counts(e.Name) })
}

// blocks yields the blocks of the index. An error is the last thing that is yielded.
//
// A path is what the heading says below that of the first block. Nothing else is
// certain about it: not even that it has no component "..".
func (x *index) blocks() iter.Seq2[indexBlock, error] {
	return func(yield func(indexBlock, error) bool) {
		text, err := x.text()
		if err != nil {
			yield(indexBlock{}, err)
			return
		}
		defer text.Close()
		limits := listing.Limits{Entries: x.lister.cfg.Limits.Entries, Bytes: int(x.lister.cfg.Limits.Listing)}
		var h headings
		for d, err := range listing.ParseRecursive(text, limits) {
			b := indexBlock{Listing: d.Listing}
			if _, ok := err.(*listing.LineError); ok {
				b.bad, err = err, nil
			}
			if err == nil {
				b.path, err = h.path(d.Path)
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// headings turn what stands above the blocks of an index into paths. They begin with
// what was given to ls: nothing, ".", or the path of the root on the machine where it
// ran.
type headings struct {
	count  int
	root   string // the first heading
	prefix string // of all others
}

// path returns the path for the next heading.
func (h *headings) path(heading string) (mirror.Path, error) {
	h.count++
	switch h.count {
	case 1:
		h.root = heading
		return mirror.Root, nil
	case 2:
		h.prefix = prefixOf(h.root, heading)
	}
	name, ok := strings.CutPrefix(heading, h.prefix)
	if !ok {
		return "", fmt.Errorf("block %q does not begin with %q", clip(heading), clip(h.prefix))
	}
	return mirror.Path("/" + name), nil
}

// prefixOf returns what stands before the path in all headings, as the first two
// show. The second is that of a directory in the root.
func prefixOf(root, second string) string {
	switch {
	case root == "":
		return second[:strings.LastIndexByte(second, '/')+1]
	case root == "." && !strings.HasPrefix(second, "./"):
		return ""
	}
	return strings.TrimRight(root, "/") + "/"
}

// clip shortens a text for a message.
func clip(text string) string { return text[:min(len(text), 200)] }

// entries returns the entries of a block as they are to be delivered, and what makes
// them doubtful, if anything does.
func (x *index) entries(b indexBlock) (entries []digest.Entry, doubt string) {
	if b.bad != nil {
		return nil, b.bad.Error()
	}
	for _, e := range b.Entries {
		if !digest.Hidden(e.Name) && masked(e.Name) {
			return nil, fmt.Sprintf("%q may be another name", clip(e.Name))
		}
	}
	entries, sound := digest.Clean(entriesOf(b.Entries, clocks{x.dates()}))
	if !sound {
		return nil, "a name is no name, or stands twice"
	}
	return entries, ""
}

// dates tells how the dates of the index are to be read.
func (x *index) dates() listing.Dates { return listing.Dates{Now: x.made, Zone: time.UTC} }

// masked reports whether ls may have written a name otherwise than it is. For the sake
// of terminals it writes bytes as "?", or with a backslash, or the name in quotes.
// Blanks at its ends and control characters are easily lost afterwards.
func masked(name string) bool {
	if strings.TrimSpace(name) != name || strings.ContainsAny(name, `?\`) {
		return true
	}
	if first := name[:min(len(name), 1)]; first == "'" || first == `"` {
		return true
	}
	return strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f })
}
