package account

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/mirror"
)

// Bounds of what is said of a user or a group.
const (
	maxName   = 64    // bytes
	maxHome   = 4096  // bytes
	maxGroups = 64    // of one user
	maxText   = 65535 // bytes of all rules as stored, and of all networks
)

// A User is somebody who may log in.
type User struct {
	Name     string
	Password string         // the hash that a [Hasher] made; "" lets nobody in
	Home     mirror.Path    // where its sessions begin, in the tree that is served; "" for none: they begin at the root
	Groups   []string       // what the first says counts before what the next says
	Rules    []Rule         // the first that matches wins, before those of the groups
	Networks []netip.Prefix // from where it may come; none: as its groups say
	Limits   Limits
	Disabled bool
	Expires  time.Time // when it can no longer log in, in whole seconds; zero for never
	Used     Usage     // kept by [Store.Charge]
}

// A Group is what users have in common.
type Group struct {
	Name     string
	Rules    []Rule
	Networks []netip.Prefix // from where members may come that say nothing of it themselves
	Limits   Limits         // of each member
}

// Usage is what counts against a user's quota.
type Usage struct {
	Bytes int64 `json:"bytes"`
	Files int64 `json:"files"`
}

// Anonymous is the name of the user that is always there.
const Anonymous = "anonymous"

// IsAnonymous reports whether a client that logs in by this name is anonymous: RFC 1635
// has "anonymous", and "ftp" is as old.
func IsAnonymous(name string) bool {
	return strings.EqualFold(name, Anonymous) || strings.EqualFold(name, "ftp")
}

// Validate says what is wrong with a user, nil if nothing is.
func (u *User) Validate() error {
	if err := validName("user", u.Name); err != nil {
		return err
	}
	if IsAnonymous(u.Name) {
		if err := u.validateAnonymous(); err != nil {
			return err
		}
	}
	if u.Home != "" {
		if p, err := mirror.ParsePath(string(u.Home)); err != nil || p != u.Home {
			return fmt.Errorf("user %s: home %q is not an absolute path", u.Name, u.Home)
		}
	}
	switch {
	case len(u.Home) > maxHome:
		return fmt.Errorf("user %s: its home has %d bytes, at most %d are possible", u.Name, len(u.Home), maxHome)
	case len(u.Groups) > maxGroups:
		return fmt.Errorf("user %s is in %d groups, at most %d are possible", u.Name, len(u.Groups), maxGroups)
	}
	for i, group := range u.Groups {
		if err := validName("group", group); err != nil {
			return fmt.Errorf("user %s: %w", u.Name, err)
		}
		if slices.Contains(u.Groups[:i], group) {
			return fmt.Errorf("user %s is in group %s twice", u.Name, group)
		}
	}
	if err := validate(u.Rules, u.Networks, u.Limits); err != nil {
		return fmt.Errorf("user %s: %w", u.Name, err)
	}
	return nil
}

// validateAnonymous looks for what the user that is always there cannot have.
func (u *User) validateAnonymous() error {
	switch {
	case u.Name != Anonymous:
		return fmt.Errorf("user name %q means the built-in user; it is written %s", u.Name, Anonymous)
	case u.Password != "":
		return errors.New("user anonymous: it logs in with any password, so it cannot have one")
	}
	for _, r := range u.Rules {
		if more := r.Verbs &^ (List | Read); r.Allow && more != 0 {
			return fmt.Errorf("user anonymous may list and read, and never anything else: %q would allow %s; make a user for it", r, more)
		}
	}
	return nil
}

// Validate says what is wrong with a group, nil if nothing is.
func (g *Group) Validate() error {
	if err := validName("group", g.Name); err != nil {
		return err
	}
	if err := validate(g.Rules, g.Networks, g.Limits); err != nil {
		return fmt.Errorf("group %s: %w", g.Name, err)
	}
	return nil
}

// validate looks at what users and groups have in common.
func validate(rules []Rule, networks []netip.Prefix, limits Limits) error {
	if n := len(writeRules(rules)); n > maxText {
		return fmt.Errorf("its rules have %d bytes, at most %d are possible", n, maxText)
	}
	for _, n := range networks {
		if !n.IsValid() || n != n.Masked() || n.Addr().Is4In6() {
			return fmt.Errorf("%s is not a network", n)
		}
	}
	if n := len(writeNetworks(networks)); n > maxText {
		return fmt.Errorf("its networks have %d bytes, at most %d are possible", n, maxText)
	}
	return limits.validate()
}

// ParseNetwork reads a network in CIDR notation, or one address.
func ParseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	n, err := netip.ParsePrefix(text)
	switch {
	case err != nil || n.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("network %q: want an address or a network such as 192.0.2.0/24 or 2001:db8::/32", text)
	case n != n.Masked():
		return netip.Prefix{}, fmt.Errorf("network %q: the address has bits behind its %d; is %s meant?", text, n.Bits(), n.Masked())
	}
	return n, nil
}

// validName says why a text cannot name a user or a group.
func validName(what, name string) error {
	sound := name != "" && len(name) <= maxName && name[0] != '-'
	for i := range len(name) {
		c := name[i]
		sound = sound && ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("._-@+", c) >= 0)
	}
	if !sound {
		return fmt.Errorf("%s name %q: want 1 to %d of a to z, A to Z, 0 to 9, dot, dash, underscore, plus and @, the first of them no dash", what, name, maxName)
	}
	return nil
}
