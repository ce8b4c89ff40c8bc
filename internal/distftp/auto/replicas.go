package auto

import (
	"errors"
	"fmt"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/resolver"
)

// Why a binding has no members.
var (
	// ErrNotReady says that the tracker's index is not loaded yet.
	ErrNotReady = errors.New("what the tracker knows is not loaded yet")
	// ErrUnread says that the directory was not read to its end yet.
	ErrUnread = errors.New("the directory is being read, to know what it amounts to")
	// ErrIncomplete says that some of the directory cannot be read, so that nothing vouches
	// for its replicas.
	ErrIncomplete = errors.New("not all of the directory can be read")
	// ErrUnbound says that a finder does not know of a binding.
	ErrUnbound = errors.New("the directory is not mirrored")
)

// Replicas are the places of one bound directory, as of an index, a scene and what the
// directory amounts to. They are immutable.
type replicas struct {
	index *resolver.Index
	scene *scene
	sum   digest.Summary

	places []resolver.Counterpart
	field  nearest.Field // those that are offered
	of     []int         // their positions in places
	err    error         // why there are none
}

// blindTier is behind that of exact replicas, which is 0.
const blindTier = 1

// find makes the replicas of a binding.
func find(b Binding, x *resolver.Index, s *scene, sum digest.Summary) *replicas {
	r := &replicas{index: x, scene: s, sum: sum}
	if b.URL != "" {
		r.places, r.err = tracked(x, b.URL)
	} else {
		r.places, _ = x.Counterparts(sum, b.Dir)
	}
	var all []nearest.Candidate
	for i, p := range r.places {
		if s.offers[p.Site].base == nil {
			continue
		}
		c := nearest.Candidate{Site: int32(p.Site)}
		if p.Class == resolver.Blind {
			c.Tier = blindTier
		}
		all = append(all, c)
		r.of = append(r.of, i)
	}
	r.field.Reset(all)
	return r
}

// tracked returns the places of a directory that the tracker knows.
func tracked(x *resolver.Index, url string) ([]resolver.Counterpart, error) {
	site, path, err := x.Locate(url)
	if err != nil {
		return nil, fmt.Errorf("%.200q: %w", url, err)
	}
	var a resolver.Answer
	x.Resolve(&a, site, path)
	switch {
	case !a.IsDir:
		return nil, fmt.Errorf("the tracker knows no directory %s of site %s", mirror.EscapePath(path.Dir()), a.Site.Name)
	case a.Set == nil:
		return nil, fmt.Errorf("the tracker could not see all of %s of site %s (%s)", mirror.EscapePath(path.Dir()), a.Site.Name, a.Incomplete())
	}
	places := make([]resolver.Counterpart, len(a.Set.Members))
	for i := range a.Set.Members {
		m := &a.Set.Members[i]
		places[i] = resolver.Counterpart{Site: int(m.Site), Path: mirror.Path(a.AppendPath(nil, m)), Class: m.Class}
	}
	return places, nil
}

// on returns where a place's directory is, from its server's root.
func (o *offer) on(p mirror.Path) mirror.Path {
	base, _ := mirror.ParsePath(o.base.Base)
	return p.At(base)
}

// list returns the places for people.
func (r *replicas) list() []Replica {
	all := make([]Replica, len(r.places))
	for i, p := range r.places {
		o := &r.scene.offers[p.Site]
		all[i] = Replica{Site: r.scene.roster.Sites[p.Site].Name, Class: p.Class, Reason: o.why}
		if o.base != nil {
			all[i].URL = o.base.At(p.Path, true)
		}
	}
	return all
}
