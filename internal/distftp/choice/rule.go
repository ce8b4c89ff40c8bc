package choice

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"mirrortracker/internal/mirror"
)

// A Rule says how files below a directory are kept. The rule of the deepest directory
// counts alone. Slaves are named by patterns with * and ?, see [path.Match].
type Rule struct {
	Path   mirror.Path `json:"path"`
	Copies int         `json:"copies"`           // how many each file should have, on slaves of different racks
	Only   []string    `json:"only,omitempty"`   // the slaves that may hold them; none named: all
	Prefer []string    `json:"prefer,omitempty"` // those that shall, where they can
	Avoid  []string    `json:"avoid,omitempty"`  // those that shall not, where others can
}

// Bounds of rules.
const (
	MaxCopies = 32   // of a file
	maxPath   = 1000 // bytes
)

// Validate reports the first thing about a rule that cannot be.
func (r Rule) Validate() error {
	if p, err := mirror.ParsePath(string(r.Path)); err != nil || p != r.Path {
		return fmt.Errorf("path %q: it must be absolute, without a slash at its end", r.Path)
	}
	if len(r.Path) > maxPath {
		return fmt.Errorf("path has %d bytes, at most %d are possible", len(r.Path), maxPath)
	}
	if r.Copies < 1 || r.Copies > MaxCopies {
		return fmt.Errorf("copies: %d is not from 1 to %d", r.Copies, MaxCopies)
	}
	for _, pattern := range slices.Concat(r.Only, r.Prefer, r.Avoid) {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
			return errors.Join(fmt.Errorf("pattern of slaves %q: it cannot be read", pattern), err)
		}
	}
	return nil
}

// String writes what the rule says, without its path.
func (r Rule) String() string {
	text := "1 copy"
	if r.Copies != 1 {
		text = fmt.Sprintf("%d copies", r.Copies)
	}
	for _, list := range []struct {
		word  string
		names []string
	}{{"only on", r.Only}, {"preferably on", r.Prefer}, {"avoiding", r.Avoid}} {
		if len(list.names) > 0 {
			text += ", " + list.word + " " + strings.Join(list.names, " ")
		}
	}
	return text
}

// Allows reports whether a slave may hold copies.
func (r Rule) Allows(slave string) bool { return len(r.Only) == 0 || named(r.Only, slave) }

// Prefers reports whether a slave shall hold copies where it can.
func (r Rule) Prefers(slave string) bool { return named(r.Prefer, slave) }

// Avoids reports whether a slave shall hold no copies where others can.
func (r Rule) Avoids(slave string) bool { return named(r.Avoid, slave) }

func (r Rule) points(slave string) (float64, string) {
	switch {
	case r.Avoids(slave):
		return avoided, "avoided for " + string(r.Path)
	case r.Prefers(slave):
		return preferred, "preferred for " + string(r.Path)
	}
	return 0, ""
}

func named(patterns []string, slave string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		is, err := path.Match(p, slave)
		return is && err == nil
	})
}

// Rules are those of all directories. They are not changed once made.
type Rules struct{ at map[mirror.Path]Rule }

// NewRules returns rules, of which each path has one at most.
func NewRules(all []Rule) Rules {
	r := Rules{at: make(map[mirror.Path]Rule, len(all))}
	for _, one := range all {
		r.at[one.Path] = one
	}
	return r
}

// For returns the rule for a file: that of the deepest directory above it, or of the path
// itself, that has one. Where none has, a file has one copy, anywhere.
func (r Rules) For(p mirror.Path) Rule {
	for ; len(r.at) > 0; p = p.Parent() {
		if rule, ok := r.at[p]; ok {
			return rule
		}
		if p == mirror.Root {
			break
		}
	}
	return Rule{Path: mirror.Root, Copies: 1}
}
