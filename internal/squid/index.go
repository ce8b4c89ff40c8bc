package squid

import (
	"net/netip"
	"strings"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/redirect"
	"mirrortracker/internal/resolver"
)

// An Index decides by the index in force.
type Index struct {
	redirector *redirect.Redirector
	source     redirect.Source
	doubt      resolver.Doubt
}

var _ Decider = (*Index)(nil)

// NewIndex returns a Decider that ranks as the redirector does and believes what
// reaches the thresholds of doubt.
func NewIndex(r *redirect.Redirector, source redirect.Source, doubt resolver.Doubt) *Index {
	return &Index{r, source, doubt}
}

// Target returns the URL of the first candidate, if the path is known. It is no FTP
// URL, since a browser behind a proxy mostly has no other way to fetch it, and no other
// URL of the very site that was asked by HTTP: that one is good already. Candidates are
// ranked by what they are for this client, not by what was asked, so that the target
// of a target is none.
func (x *Index) Target(url string, client netip.Addr) string {
	asked, path, err := mirror.SplitURL(url)
	if err != nil {
		return ""
	}
	a, err := x.redirector.Decide(redirect.Question{Text: url, Scheme: "http", Client: client}, 1)
	if err != nil || !a.Resolved.Known || len(a.Candidates) == 0 {
		return ""
	}
	best := &a.Candidates[0]
	switch {
	case !byHTTP(best.Base), best.Original && byHTTP(&asked):
		return ""
	}
	target := best.URL()
	if there, same, err := mirror.SplitURL(target); err != nil || there == asked && same == path {
		return ""
	}
	return target
}

func byHTTP(u *mirror.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }

// StoreID names a file by the exact digest of the lowest directory at or above it
// that is big enough not to be equal to another by accident, and by its path from there:
//
//	http://DIGEST.exact.squid.internal/PATH
//
// So two files get the same ID exactly if the directories match exactly and the match
// counts by its files or bytes. That relation is symmetric and transitive, whatever
// other sites there are, which matches by trailing names are not: of three places, two
// may be sure of the third and not of each other. Hence those do not count here. An ID
// lasts as long as that directory does not change; that mirrors come and go does not
// concern it. Directories have none: their listings are not equal.
func (x *Index) StoreID(url string) string {
	index := x.source.Index()
	if index == nil {
		return ""
	}
	site, path, err := index.Locate(url)
	if err != nil {
		return ""
	}
	var file resolver.Answer
	index.Resolve(&file, site, path)
	if !file.Known || file.IsDir {
		return ""
	}
	tree := file.Tree()
	for dir := file.Dir; ; dir = dir.Parent() {
		switch {
		case tree.Exact.Absent():
			return ""
		case x.certain(tree.Totals):
			below := strings.TrimPrefix(string(file.Real()), strings.TrimSuffix(string(dir), "/"))
			return "http://" + tree.Exact.String() + ".exact.squid.internal" + mirror.EscapePath(below)
		case dir == mirror.Root:
			return ""
		}
		var above resolver.Answer
		index.Resolve(&above, site, dir.Parent())
		tree = above.Tree()
	}
}

// certain reports whether a directory is equal to another by no accident.
func (x *Index) certain(t digest.Totals) bool {
	return t.Files >= x.doubt.Files || t.Files > 0 && t.Bytes >= x.doubt.Bytes
}
