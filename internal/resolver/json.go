package resolver

import (
	"encoding/json"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// The JSON forms of answers. Names and paths are raw bytes and JSON is not, so
// paths are written escaped as in a URL ([mirror.EscapePath]), and those of
// directories end in a slash. Digests that are absent are null, times are
// RFC 3339 in UTC, sizes are bytes.

type answerJSON struct {
	Site       string        `json:"site"`
	URL        mirror.URL    `json:"url"`
	Asked      string        `json:"asked"`
	Known      bool          `json:"known"`
	Hidden     bool          `json:"hidden,omitempty"`
	Prefix     string        `json:"prefix"`
	Real       string        `json:"real,omitempty"`
	IsDir      bool          `json:"is_dir"`
	Directory  string        `json:"directory"`
	File       *fileJSON     `json:"file,omitempty"`
	Tree       *treeJSON     `json:"tree,omitempty"`
	Incomplete string        `json:"incomplete,omitempty"`
	Snapshot   *snapshotJSON `json:"snapshot,omitempty"`
	Replicas   []Replica     `json:"replicas"`
	Doubtful   []Doubtful    `json:"doubtful"`
	Capped     bool          `json:"capped,omitempty"`
}

type fileJSON struct {
	Name string `json:"name"`
	Size *int64 `json:"size"` // null where it is not known
	Date string `json:"date"`
}

type treeJSON struct {
	ID    digest.ID  `json:"id"`
	Exact digest.Sum `json:"exact"`
	Blind digest.Sum `json:"blind"`
	digest.Totals
}

type snapshotJSON struct {
	Seq        int64     `json:"seq"`
	Started    time.Time `json:"started"`
	Finished   time.Time `json:"finished"`
	Incomplete int64     `json:"incomplete"`
	Origin     string    `json:"origin,omitempty"` // the tracker that crawled, where that was not this one
	Via        string    `json:"via,omitempty"`    // whose word it is
}

// MarshalJSON writes all that is known; "file" is absent for a directory,
// "tree" and "snapshot" where the site has none yet.
func (a *Answer) MarshalJSON() ([]byte, error) {
	out := answerJSON{
		Site:       a.Site.Name,
		URL:        a.Site.URL,
		Asked:      escape(a.Asked, a.IsDir),
		Known:      a.Known,
		Hidden:     a.Hidden,
		Prefix:     escape(a.Prefix, true),
		Real:       escape(a.Real(), a.IsDir),
		IsDir:      a.IsDir,
		Directory:  escape(a.Dir, true),
		Incomplete: a.Incomplete(),
		Replicas:   append([]Replica{}, a.Replicas()...), // never null
		Doubtful:   append([]Doubtful{}, a.Doubtful()...),
		Capped:     a.Capped(),
	}
	if a.File != "" {
		out.File = &fileJSON{Name: mirror.EscapePath(a.File), Date: a.Date.String()}
		if a.Size != digest.UnknownSize {
			out.File.Size = &a.Size
		}
	}
	if tree := a.Tree(); !tree.ID.IsZero() {
		out.Tree = &treeJSON{tree.ID, tree.Exact, tree.Blind, tree.Totals}
		s := a.Snapshot()
		out.Snapshot = &snapshotJSON{s.Seq, s.Started.UTC(), s.Finished.UTC(), s.Incomplete, s.Origin, s.Via}
	}
	return json.Marshal(out)
}

type replicaJSON struct {
	Site       string    `json:"site"`
	Path       string    `json:"path"`
	URLs       []string  `json:"urls"`
	Class      Class     `json:"class"`
	Original   bool      `json:"original,omitempty"`
	Similarity int       `json:"similarity"`
	Differ     int       `json:"differ,omitempty"` // entries, of class file
	Evidence   Evidence  `json:"evidence"`
	Support    *Evidence `json:"support,omitempty"`
	Reason     string    `json:"reason,omitempty"` // of a doubtful one
}

func (r *Replica) json() replicaJSON {
	out := replicaJSON{
		Site:       r.Site.Name,
		Path:       escape(r.Path, r.IsDir),
		URLs:       r.URLs(),
		Class:      r.Class,
		Original:   r.Original,
		Similarity: r.Similarity,
		Differ:     r.Differ,
		Evidence:   r.Evidence,
	}
	if r.Support != (Evidence{}) {
		out.Support = &r.Support
	}
	return out
}

// MarshalJSON writes the replica with all its URLs.
func (r Replica) MarshalJSON() ([]byte, error) { return json.Marshal(r.json()) }

// MarshalJSON writes the candidate like a replica, with the reason.
func (d Doubtful) MarshalJSON() ([]byte, error) {
	out := d.json()
	out.Reason = d.Why()
	return json.Marshal(out)
}

// MarshalJSON writes the match.
func (e Evidence) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Class      Class  `json:"class"`
		Asked      string `json:"asked"`
		Path       string `json:"path"`
		Similarity int    `json:"similarity"`
		digest.Totals
	}{e.Class, escape(e.Asked, true), escape(e.Path, true), e.Similarity, e.Totals})
}

func escape(p mirror.Path, dir bool) string {
	if dir && p != "" {
		return mirror.EscapePath(p.Dir())
	}
	return mirror.EscapePath(string(p))
}
