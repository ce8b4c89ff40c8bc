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
	Within     string           `json:"within,omitempty"` // the directory that it was asked to hold for, escaped
	Client     Beneficiary      `json:"client"`           // only in explained answers
	Reason     string           `json:"reason"`           // why there is no choice; "" if there is
	Candidates []Candidate      `json:"candidates"`       // the best first
	LeftOut    []Candidate      `json:"left_out"`         // only in explained answers
	Resolved   *resolver.Answer `json:"resolved"`
}

// Decide answers a question with the first candidates alone, at most limit of
// them, and without reasons. The error is [ErrNotReady], [ErrNowhere], wraps
// [resolver.ErrUnknownSite] or [ErrWithin], or says what is wrong with the question.
// It works from memory and does not block.
func (r *Redirector) Decide(q Question, limit int) (*Answer, error) {
	d := new(decision)
	if err := r.decide(d, &q, max(1, limit)); err != nil {
		return nil, err
	}
	a := d.answer(&q)
	isDir := d.isDir(&q)
	for _, at := range d.best {
		a.Candidates = append(a.Candidates, d.candidate(at, isDir))
	}
	a.lead()
	return a, nil
}

// answer begins an answer.
func (d *decision) answer(q *Question) *Answer {
	a := &Answer{
		URL:        d.found.Site.URL.At(d.found.Asked, d.isDir(q)),
		Candidates: []Candidate{},
		LeftOut:    []Candidate{},
		Resolved:   &d.found,
	}
	if q.Within != "" {
		a.Within = d.within(q)
	}
	if d.found.Set == nil {
		a.Reason = whyOriginal(&d.found)
	}
	return a
}

// lead takes over from the first candidate.
func (a *Answer) lead() {
	if len(a.Candidates) > 0 {
		best := &a.Candidates[0]
		a.Location, a.Match, a.Site = best.URL(), best.Match(), best.Site.Name
	}
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
