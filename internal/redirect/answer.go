package redirect

import (
	"errors"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// Errors of questions that are sound and have no answer.
var (
	// ErrNotReady says that there is no index yet.
	ErrNotReady = errors.New("no index is loaded yet")
	// ErrNowhere says that no site that has it may serve this client.
	ErrNowhere = errors.New("no site that has it may serve you")
	// ErrWithin says that nothing is known of the directory that an answer is to
	// hold for.
	ErrWithin = errors.New("the directory of within is not in the index")
)

// An Answer is where a client is sent, and why. Its JSON form is described in
// docs/http.md.
type Answer struct {
	URL        string           `json:"url"`              // the asked place, under the URL where its site is crawled
	Location   string           `json:"location"`         // where a redirect leads: the first candidate
	Match      string           `json:"match"`            // of that candidate
	Site       string           `json:"site"`             // of that candidate
	Reason     string           `json:"reason"`           // why there is no choice; "" if there is
	Candidates []Candidate      `json:"candidates"`       // the best first
	LeftOut    []Candidate      `json:"left_out"`         // only in explained answers
	Within     string           `json:"within,omitempty"` // the directory that it holds for, escaped
	Resolved   *resolver.Answer `json:"resolved"`
}

// Decide answers a question with the first candidates alone, at most limit of
// them, and without reasons. Its errors are those of Explain.
func (r *Redirector) Decide(q Question, limit int) (*Answer, error) {
	a, err := r.answer(&q, false)
	if err == nil && len(a.Candidates) > limit {
		a.Candidates = a.Candidates[:limit]
	}
	return a, err
}

// Explain answers a question with all reasons. The error is [ErrNotReady], wraps
// [resolver.ErrUnknownSite], or says what is wrong with the question. It works
// from memory and does not block.
func (r *Redirector) Explain(q Question) (*Answer, error) { return r.answer(&q, true) }

func (r *Redirector) answer(q *Question, explain bool) (*Answer, error) {
	index := r.source.Index()
	if index == nil {
		return nil, ErrNotReady
	}
	site, path, err := index.Locate(q.Text)
	if err != nil {
		return nil, err
	}
	found := new(resolver.Answer)
	index.Resolve(found, site, path)
	a := &Answer{Resolved: found}
	isDir := found.IsDir || !found.Known && q.slash()
	a.Candidates = candidates(found.Replicas())
	if len(a.Candidates) == 0 {
		a.Reason = whyOriginal(found)
		a.Candidates = candidates([]resolver.Replica{{Site: found.Site, Path: path, IsDir: isDir, Original: true}})
	}
	r.rank(q, a.Candidates, explain)
	best := &a.Candidates[0] // there is one: a site is crawled by FTP
	a.Location, a.Match, a.Site = best.URL(), best.Match(), best.Site.Name
	if explain {
		a.URL = found.Site.URL.At(path, isDir)
		a.LeftOut = leftOut(found)
	}
	return a, nil
}

// whyOriginal says why the answer can only be the original.
func whyOriginal(a *resolver.Answer) string {
	switch {
	case a.Tree().ID.IsZero():
		return "the site has no snapshot yet"
	case a.Hidden:
		return "a name that begins with a dot is in no index"
	case !a.Known && a.Incomplete() == "":
		return "the path is not in the index; known as far as " + mirror.EscapePath(a.Prefix.Dir())
	case !a.Known:
		return "the path is not in the index; what is known of " + mirror.EscapePath(a.Dir.Dir()) + " is incomplete (" + a.Incomplete() + ")"
	}
	return "the directory is incomplete (" + a.Incomplete() + ")"
}
