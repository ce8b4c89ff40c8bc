package account

import (
	"net/netip"
	"slices"
	"time"

	"mirrortracker/internal/mirror"
)

// An Account is what a user may do, with what its groups say. It is never changed, so
// that sessions may share it.
type Account struct {
	Name      string
	Anonymous bool
	Home      mirror.Path // where sessions begin; there need not be such a directory
	Groups    []string
	Limits    Limits         // 0 for none; never [Unlimited]
	Networks  []netip.Prefix // from where it may come; none: from everywhere

	disabled bool
	expires  time.Time
	rules    []source
}

// A source is a rule and whose it is.
type source struct {
	Rule
	of string
}

// Resolve puts together what a user and its groups say; the groups are in the user's
// order.
func Resolve(u User, groups []Group) *Account {
	a := &Account{
		Name:      u.Name,
		Anonymous: IsAnonymous(u.Name),
		Home:      u.Home,
		Groups:    u.Groups,
		Limits:    u.Limits,
		Networks:  u.Networks,
		disabled:  u.Disabled,
		expires:   u.Expires,
	}
	// Nobody gets all of the root by a rule about homes, for want of one.
	if u.Home == "" {
		a.Home = mirror.Root
	}
	for _, r := range u.Rules {
		a.rules = append(a.rules, source{r.at(u.Home), "user " + u.Name})
	}
	for _, g := range groups {
		for _, r := range g.Rules {
			a.rules = append(a.rules, source{r.at(u.Home), "group " + g.Name})
		}
		a.Limits = a.Limits.or(g.Limits)
		if len(a.Networks) == 0 {
			a.Networks = g.Networks
		}
	}
	a.Limits = a.Limits.settled()
	return a
}

// A Decision says whether something may be done, and why.
type Decision struct {
	Allowed bool   `json:"allowed"`
	Rule    string `json:"rule,omitempty"` // as it is written; "" where none decided
	Of      string `json:"of"`             // whose rule: "user ann", "group staff", "the built-in rules"
}

// Rules returns the rules in the order in which they are asked, each as the decision that
// it makes.
func (a *Account) Rules() []Decision {
	all := make([]Decision, len(a.rules))
	for i, s := range a.rules {
		all[i] = Decision{Allowed: s.Allow, Rule: s.String(), Of: s.of}
	}
	return all
}

// builtIn is where a decision comes from that is no rule's.
const builtIn = "the built-in rules"

// Decide decides about one verb on a path. The path is absolute in the tree that is
// served, whatever the user's home; what a link leads to is another path, to be asked
// for as well.
func (a *Account) Decide(p mirror.Path, verb Verbs) Decision {
	if a.Anonymous && verb&(List|Read) == 0 {
		return Decision{Of: builtIn}
	}
	for _, s := range a.rules {
		if s.decides(p, verb) {
			return Decision{Allowed: s.Allow, Rule: s.String(), Of: s.of}
		}
	}
	return Decision{Allowed: verb&(List|Read) != 0, Of: builtIn}
}

// Permits reports whether all of the verbs may be done to a path; see [Account.Decide].
func (a *Account) Permits(p mirror.Path, verbs Verbs) bool {
	for verb := List; verb != 0; verb <<= 1 {
		if verbs&verb != 0 && !a.permits(p, verb) {
			return false
		}
	}
	return verbs != 0
}

// permits is [Account.Decide] without the reason, which would have to be made.
func (a *Account) permits(p mirror.Path, verb Verbs) bool {
	if a.Anonymous && verb&(List|Read) == 0 {
		return false
	}
	for i := range a.rules {
		if a.rules[i].decides(p, verb) {
			return a.rules[i].Allow
		}
	}
	return verb&(List|Read) != 0
}

// from reports whether the user may come from an address.
func (a *Account) from(addr netip.Addr) bool {
	return len(a.Networks) == 0 || slices.ContainsFunc(a.Networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}
