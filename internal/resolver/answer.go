package resolver

import (
	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// An Answer is all that the index knows about one path of a site. It is the
// caller's own, but what its pointers and slices of sites lead to is shared and
// must not be modified.
type Answer struct {
	Site     *mirror.Site
	Snapshot store.Snapshot // the one that was searched; zero where the site has none yet

	Asked  mirror.Path // the path as it was asked
	Known  bool        // whether all of it is in the index
	Hidden bool        // whether one of its names begins with a dot
	Prefix mirror.Path // the longest part of Asked that leads to a known directory

	Real  mirror.Path // what Asked really is, links followed; "" if it is not known
	IsDir bool        // whether that is a directory
	Dir   mirror.Path // the real directory that it is or lies in, or that Prefix leads to

	File string      // the real file's name in Dir, "" for a directory
	Size int64       // of the file, in bytes, or digest.UnknownSize
	Date digest.Date // of the file

	Tree   digest.Summary // of Dir; zero where the site has no snapshot yet
	Reason digest.Reason  // why the listing of Dir itself is incomplete

	// Replicas of the whole path, the original among them: exact before blind,
	// then by falling weight, site name and path. There are none if the path is
	// not known or its directory is incomplete: then only the original serves.
	Replicas []Replica
	Doubtful []Doubtful // left out, in the same order
	Capped   bool       // whether the search ended at Options.MaxSteps
}

// Incomplete says in a word why the directory has no digests: the reason of
// its own listing, or "below" where that of a directory below it is
// incomplete. It returns "" where the directory is complete.
func (a *Answer) Incomplete() string {
	switch {
	case a.Reason != digest.Complete:
		return string(a.Reason)
	case a.Tree.Blind.Absent() && !a.Tree.ID.IsZero():
		return "below"
	}
	return ""
}

// A Class says by which digest two directories are equal.
type Class uint8

// The classes, the better first.
const (
	Exact Class = iota + 1 // names, sizes and dates are equal
	Blind                  // names and sizes are equal
)

// String returns the class in a word.
func (c Class) String() string {
	switch c {
	case Exact:
		return "exact"
	case Blind:
		return "blind"
	}
	return "none"
}

// MarshalText writes the class in a word.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// A Replica is one place where the asked directory or file can be had.
type Replica struct {
	Site       *mirror.Site
	Path       mirror.Path // of the directory or file there
	IsDir      bool
	Original   bool     // whether this is the asked place itself
	Class      Class    // that of Evidence
	Evidence   Evidence // the highest match of that class
	Support    Evidence // the highest match that counts, where that is not Evidence; else zero
	Similarity int      // trailing names that the directory has in common with the asked one
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
