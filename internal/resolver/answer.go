package resolver

import (
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver/segment"
	"mirrortracker/internal/store"
)

// An Answer is what the index knows about one path of a site, and room for the
// next one: [Index.Resolve] fills it again and again without allocating. The zero
// Answer is ready for use. Its Near lies in that room: it is valid until the
// Answer is used for another path. What its pointers lead to is shared and must
// not be modified.
type Answer struct {
	Index     *Index
	SiteIndex int // position in Index.Sites
	Site      *mirror.Site

	Asked  mirror.Path // the path as it was asked
	Known  bool        // whether all of it is in the index
	Hidden bool        // whether one of its names begins with a dot
	Prefix mirror.Path // the longest part of Asked that leads to a known directory

	IsDir bool        // whether it is a directory
	Dir   mirror.Path // the real directory that it is or lies in, or that Prefix leads to

	File string      // the real file's name in Dir, "" for a directory
	Size int64       // of the file, in bytes, or digest.UnknownSize
	Date digest.Date // of the file

	// Set has the replicas of Dir, the original among them. It is nil if the
	// path is not known or its directory is incomplete: then only the original
	// serves.
	Set *Set
	// Near has the places, of class [File], where the asked file is the same
	// though its directory is not. They are looked for where Set has no other
	// member than the original.
	Near []Member

	at     *place  // of Dir; nil where the site has no snapshot yet
	nearby *nearby // where Near is from
}

// Snapshot returns the one that was searched; zero where the site has none yet.
func (a *Answer) Snapshot() store.Snapshot { return a.Index.sites[a.SiteIndex].snapshot }

// Tree returns what Dir amounts to; zero where the site has no snapshot yet.
func (a *Answer) Tree() digest.Summary {
	if a.at == nil {
		return digest.Summary{}
	}
	return a.tree().Summary()
}

// Reason returns why the listing of Dir itself is incomplete.
func (a *Answer) Reason() digest.Reason {
	if a.at == nil {
		return digest.Complete
	}
	return a.tree().Reason()
}

func (a *Answer) tree() segment.Tree { return a.at.node }

// Capped reports whether there may be more replicas than were looked at.
func (a *Answer) Capped() bool { return a.Set != nil && a.Set.Capped }

// Depth returns the number of names in Dir.
func (a *Answer) Depth() int {
	if a.Dir == mirror.Root {
		return 0
	}
	return strings.Count(string(a.Dir), "/")
}

// Real returns what Asked really is, links followed; "" if it is not known.
func (a *Answer) Real() mirror.Path {
	switch {
	case !a.Known:
		return ""
	case a.IsDir:
		return a.Dir
	}
	return a.Dir.Join(a.File)
}

// Incomplete says in a word why the directory has no digests: the reason of
// its own listing, or "below" where that of a directory below it is
// incomplete. It returns "" where the directory is complete.
func (a *Answer) Incomplete() string {
	tree := a.Tree()
	switch {
	case a.Reason() != digest.Complete:
		return string(a.Reason())
	case tree.Blind.Absent() && !tree.ID.IsZero():
		return "below"
	}
	return ""
}

// AppendPath appends the path of the asked directory or file at a member of Set
// or Near, as raw bytes; that of a site's root is "/".
func (a *Answer) AppendPath(b []byte, m *Member) []byte { return a.appendPath(b, m, a.leads(m)) }

func (a *Answer) appendPath(b []byte, m *Member, l leads) []byte {
	begin := len(b)
	b = append(b, l.text(m.lead)...)
	if a.Dir != mirror.Root {
		b = append(b, a.Dir[pathEnd(string(a.Dir), int(m.cut)):]...)
	}
	if len(b) == begin || b[len(b)-1] != '/' && a.File != "" {
		b = append(b, '/')
	}
	return append(b, a.File...)
}

// leads returns those of a member of Set or Near.
func (a *Answer) leads(m *Member) leads {
	if m.Class == File {
		return a.nearby.leads
	}
	return a.Set.leads
}

// pathEnd returns where the path of the directory at a depth ends in the path of
// one at or below it, without a slash.
func pathEnd(dir string, depth int) int {
	end := 0
	for range depth {
		end++
		for end < len(dir) && dir[end] != '/' {
			end++
		}
	}
	return end
}

// Within returns the depth of a directory of the asked site at or above Dir, for
// members that have all of it: those of Set whose Depth is not greater. It
// returns false if the path, links followed, is no such directory.
func (a *Answer) Within(p mirror.Path) (depth int, ok bool) {
	t := a.Index.sites[a.SiteIndex]
	if t.hierarchy == nil {
		return 0, false
	}
	top := Answer{Index: a.Index}
	top.find(t, strings.TrimSuffix(string(p), "/"))
	top.Dir = orRoot(top.at.dir)
	if !top.IsDir || !below(string(a.Dir), top.at.dir) {
		return 0, false
	}
	return top.Depth(), true
}

// below reports whether a path is that of a directory, "" for the root, or below
// it.
func below(path, dir string) bool {
	rest, ok := strings.CutPrefix(path, dir)
	return ok && (rest == "" || rest[0] == '/')
}

// A Class says by which digest two directories are equal.
type Class uint8

// The classes, the better first.
const (
	Exact Class = iota + 1 // names, sizes and dates are equal
	Blind                  // names and sizes are equal
	File                   // a file is equal in name, size and date; its directory is not
)

// String returns the class in a word.
func (c Class) String() string {
	switch c {
	case Exact:
		return "exact"
	case Blind:
		return "blind"
	case File:
		return "file"
	}
	return "none"
}

// MarshalText writes the class in a word.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// A Replica is a [Member] for people: all that is known about one place where
// the asked directory or file can be had.
type Replica struct {
	Site       *mirror.Site
	Path       mirror.Path // of the directory or file there
	IsDir      bool
	Original   bool     // whether this is the asked place itself
	Class      Class    // that of Evidence
	Evidence   Evidence // the highest match of that class
	Support    Evidence // the highest match that counts, where that is not Evidence; else zero
	Similarity int      // trailing names that the directory has in common with the asked one
	Differ     int      // Member.Differ
}

// URLs returns the replica's place under all URLs of its site, the crawl URL
// first.
func (r *Replica) URLs() []string {
	urls := make([]string, 0, 1+len(r.Site.Serving))
	for _, u := range r.Site.URLs() {
		urls = append(urls, u.At(r.Path, r.IsDir))
	}
	return urls
}

// Evidence is a match that leads to a replica: a directory at or above the
// asked one that has an equal counterpart at or above the replica.
type Evidence struct {
	Class      Class
	Asked      mirror.Path // the directory on the asked site
	Path       mirror.Path // its counterpart on the replica's site
	Similarity int         // trailing names that the two have in common
	digest.Totals
}

// Doubtful is a candidate that was left out because none of its matches
// counts.
type Doubtful struct {
	Replica
	most  digest.Totals // of its highest match
	names int           // the best similarity of a match that holds a file
	doubt Doubt         // the thresholds that it missed
}
