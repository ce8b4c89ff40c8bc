package redirect

import (
	"fmt"
	"slices"
	"strings"

	"mirrortracker/internal/health"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
)

// Explain answers a question with all candidates and all reasons. Where no site may
// serve the client there are no candidates, and those left out say why. Otherwise its
// errors are those of [Redirector.Decide].
func (r *Redirector) Explain(q Question) (*Answer, error) {
	d := new(decision)
	if err := r.gather(d, &q); err != nil {
		return nil, err
	}
	e := explanation{
		decision:  d,
		isDir:     d.isDir(&q),
		explained: d.view.Explain(d.all, d.size),
		question:  &q,
	}
	e.order()
	a := d.answer(&q)
	a.Client = d.beneficiary(q.Client)
	named := d.tail(len(d.best))
	for _, at := range d.best[:named] {
		a.Candidates = append(a.Candidates, e.candidate(at))
	}
	for _, at := range d.best[named:] {
		a.LeftOut = append(a.LeftOut, e.candidate(at))
	}
	a.LeftOut = append(a.LeftOut, e.closed()...)
	a.LeftOut = append(a.LeftOut, e.unoffered()...)
	a.LeftOut = append(a.LeftOut, e.doubtful()...)
	if len(a.Candidates) == 0 {
		a.Reason = ErrNowhere.Error()
	}
	a.lead()
	return a, nil
}

// An explanation is a decision with what there is to say about it.
type explanation struct {
	*decision
	isDir     bool
	explained []nearest.Explained // by position in all
	question  *Question
}

// order ranks all candidates that serve the client.
func (e *explanation) order() {
	for at := range e.explained {
		if e.explained[at].Rank >= 0 {
			e.best = append(e.best, int32(at))
		}
	}
	slices.SortFunc(e.best, func(a, b int32) int { return e.explained[a].Rank - e.explained[b].Rank })
}

func (e *explanation) candidate(at int32) Candidate {
	c, x := e.decision.candidate(at, e.isDir), &e.explained[at]
	c.Terms, c.Cost, c.Probability, c.Reason = e.terms(at), x.Cost, x.Probability, e.reason(at)
	c.Replica = e.replica(&e.members[e.of[at]])
	return c
}

func (e *explanation) replica(m *resolver.Member) *resolver.Replica {
	if m.Class == 0 {
		return nil
	}
	r := e.found.Replica(m)
	return &r
}

// terms says of the match what it consists of.
func (e *explanation) terms(at int32) []nearest.Term {
	terms := slices.Clone(e.explained[at].Terms)
	for i := range terms {
		if terms[i].Name == "match" {
			terms[i].Why = e.match(at)
		}
	}
	return terms
}

func (e *explanation) match(at int32) string {
	m, costs := &e.members[e.of[at]], &e.scene.options.Costs
	add := float64(e.all[at].Add)
	var why []string
	switch {
	case m.Original:
		return "it is the original"
	case m.Class == resolver.Blind:
		why = append(why, "blind: the dates differ")
		add -= costs.Blind
	case m.Class == resolver.File:
		why = append(why, fmt.Sprintf("file: its directory differs in %s", entries(int(m.Differ))))
		add -= costs.File
	default:
		why = append(why, "exact")
	}
	if add > 0 {
		why = append(why, "generation: others have more of the tree around it")
	}
	return strings.Join(why, "; ")
}

func entries(n int) string {
	switch {
	case n == 1:
		return "1 entry"
	case n >= resolver.MaxDiffer:
		return fmt.Sprintf("%d entries or more", n)
	}
	return fmt.Sprintf("%d entries", n)
}

// reason says why a candidate stands where it does, or is left out.
func (e *explanation) reason(at int32) string {
	x := &e.explained[at]
	if x.Rank < 0 {
		return x.Reason
	}
	first := &e.all[e.best[0]]
	switch c := &e.all[at]; {
	case x.Rank == 0 && len(e.best) == 1:
		return "chosen: the only one"
	case x.Rank == 0:
		return "chosen: drawn first"
	case c.Lacks == first.Lacks && c.Tier != first.Tier:
		return e.amiss(at)
	case x.Reason != "":
		return x.Reason
	}
	return "drawn later"
}

// amiss says what is amiss with a candidate that is not amiss with the first.
func (e *explanation) amiss(at int32) string {
	first := e.all[e.best[0]].Tier
	switch tier := e.all[at].Tier; {
	case tier&^first&down != 0:
		return e.down(e.url(at)) + "; others are not"
	case tier&^first&insecure != 0:
		return "it is served without TLS, and others with it"
	}
	return fmt.Sprintf("served by %s, and others by %s", e.url(at).Scheme, e.url(e.best[0]).Scheme)
}

// down says that a URL is down for the client, and why, as far as that is known.
func (e *explanation) down(u *mirror.URL) string {
	for _, f := range health.Families {
		if reason := e.scene.table.Reason(*u, f); reason != "" && e.concerns(f) {
			return fmt.Sprintf("it is down over %s: %s", f, reason)
		}
	}
	return "it is down"
}

// concerns reports whether the client may have an address of a family.
func (e *explanation) concerns(f health.Family) bool {
	return !e.question.Client.IsValid() || health.FamilyOf(e.question.Client) == f
}

// instead says why a site is offered under another URL than this one.
func (e *explanation) instead(u *mirror.URL, better *offer) string {
	scheme, family := schemeNumber(e.question.Scheme), familyNumber(e.question.Client)
	tier, lacks := amiss(u, scheme, family, e.scene.table.State(*u))
	switch {
	case tier&down != 0:
		return e.down(u)
	case lacks > better.lacks:
		return "its host has no " + lacks.String() + " address"
	}
	return "another URL of its site suits the client better: " + better.url.String()
}

func (e *explanation) url(at int32) *mirror.URL { return e.offers[e.all[at].Site].url }

// closed returns the candidates that do not serve the client.
func (e *explanation) closed() []Candidate {
	var all []Candidate
	for at := range e.explained {
		if e.explained[at].Rank < 0 {
			all = append(all, e.candidate(int32(at)))
		}
	}
	return all
}

// unoffered returns the replicas that are no candidates, and the URLs of those that
// are under which they are not offered.
func (e *explanation) unoffered() []Candidate {
	offered := make([]bool, len(e.members))
	for _, k := range e.of {
		offered[k] = true
	}
	var all []Candidate
	for k := range e.members {
		m := &e.members[k]
		for base := range bases(&e.scene.roster.Sites[m.Site]) {
			c := e.candidateAt(m, base, e.isDir)
			c.Replica = e.replica(m)
			better := &e.offers[m.Site]
			switch {
			case !followable(base):
				c.Reason = "no client follows a redirect to " + base.Scheme
			case !offered[k]:
				c.Reason = "it holds less of the tree than was asked for with within"
			case base == better.url:
				continue
			default:
				c.Reason = e.instead(base, better)
			}
			all = append(all, c)
		}
	}
	return all
}

// doubtful returns the matches that may be accidents.
func (e *explanation) doubtful() []Candidate {
	var all []Candidate
	for _, d := range e.found.Doubtful() {
		all = append(all, Candidate{
			Site: d.Site, Base: &d.Site.URL, Path: d.Path, IsDir: d.IsDir, Class: d.Class,
			Reason: "doubtful: " + d.Why(), Replica: &d.Replica,
		})
	}
	return all
}
