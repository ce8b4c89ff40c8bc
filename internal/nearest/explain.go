package nearest

import (
	"fmt"

	"mirrortracker/internal/human"
)

// An Explained says why a candidate stands where [View.Rank] puts it.
type Explained struct {
	Rank        int     // its place, from 0; -1 if it does not serve the client
	Terms       []Term  // of the cost: distance, country, network, match
	Cost        float64 // their sum in km
	Odds        float64 // weight / (1 + cost/R)^4
	Probability float64 // that a client of which the same is known gets it first
	Class       string  // "own network", "ordinary" or "last resort"
	Reason      string  // why it does not serve the client, or cannot be the first; "" otherwise
}

// Explain returns for each of the candidates why it stands where it does.
func (v *View) Explain(all []Candidate, size int64) []Explained {
	explained := make([]Explained, len(all))
	for i := range all {
		explained[i] = v.explain(&all[i], size)
	}
	var f Field
	f.Reset(all)
	ranked := make([]int32, len(all))
	ranked = ranked[:v.Rank(&f, size, ranked)]
	for rank, i := range ranked {
		explained[i].Rank = rank
	}
	if len(ranked) == 0 {
		return explained
	}
	best := &all[ranked[0]]
	drawn, rivals := 0.0, map[int32]int32{} // for each site the one of its candidates that can be the first
	for _, i := range ranked {
		c := &all[i]
		if explained[i].Reason = v.behind(c, best); explained[i].Reason != "" {
			continue
		}
		if _, twice := rivals[c.Site]; twice {
			explained[i].Reason = "another candidate of the same site goes before it"
			continue
		}
		rivals[c.Site] = i
		drawn += explained[i].Odds
	}
	for _, i := range rivals {
		explained[i].Probability = explained[i].Odds / drawn
	}
	return explained
}

// explain says what there is to say of a candidate alone.
func (v *View) explain(c *Candidate, size int64) Explained {
	site, stand := &v.m.sites[c.Site], &v.area.sites[c.Site]
	terms := v.m.terms(v.area.areaKey, site)
	e := Explained{
		Rank:   -1,
		Terms:  append(terms, Term{"match", float64(c.Add), "how well it matches"}),
		Class:  site.class(v.area.areaKey).String(),
		Reason: stand.closed.why(v.area.Where),
	}
	e.Cost = sum(e.Terms)
	e.Odds = v.m.costs.odds(site.weight, e.Cost)
	if e.Reason == "" && v.m.tooLarge(c.Site, size) {
		e.Reason = fmt.Sprintf("it serves no files above %s, and this one has %s", human.Bytes(site.audience.MaxFile), human.Bytes(size))
	}
	return e
}

// behind says what lets a candidate stand behind the first one whatever the draw is, "" if
// nothing does.
func (v *View) behind(c, best *Candidate) string {
	class, first := v.standings[c.Site].class(), v.standings[best.Site].class()
	switch {
	case v.tier(c) == v.tier(best) && class == first:
		return ""
	case (c.Lacks^best.Lacks)&v.family != 0:
		return "it does not answer " + v.family.String() + ", and others do"
	case c.Tier != best.Tier:
		return fmt.Sprintf("tier %d, and %d goes before it", c.Tier, best.Tier)
	case first == atHome:
		return "others are in the client's own network"
	}
	return "its weight is 0: it is the last resort"
}
