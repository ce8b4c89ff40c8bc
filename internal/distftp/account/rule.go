package account

import (
	"errors"
	"fmt"
	"strings"

	"mirrortracker/internal/mirror"
)

// A Rule allows or denies verbs for the paths of a pattern. It is written as in
//
//	allow all ~/**
//	allow write,mkdir /incoming/**
//	deny list,read /pub/embargo/**
//
// The pattern is the rest of the line, blanks included.
type Rule struct {
	Allow   bool
	Verbs   Verbs
	Pattern Pattern
}

// ParseRule reads a rule.
func ParseRule(text string) (Rule, error) {
	refuse := func(why error) (Rule, error) { return Rule{}, fmt.Errorf("rule %q: %w", text, why) }
	word, rest, _ := strings.Cut(text, " ")
	names, pattern, ok := strings.Cut(rest, " ")
	if !ok || word != "allow" && word != "deny" {
		return refuse(errors.New(`want allow or deny, verbs and a pattern, such as "allow read,list /pub/**"`))
	}
	verbs, err := ParseVerbs(names)
	if err != nil {
		return refuse(err)
	}
	r := Rule{Allow: word == "allow", Verbs: verbs}
	if r.Pattern, err = ParsePattern(pattern); err != nil {
		return refuse(err)
	}
	return r, nil
}

// String writes what [ParseRule] reads.
func (r Rule) String() string {
	word := "deny"
	if r.Allow {
		word = "allow"
	}
	return word + " " + r.Verbs.String() + " " + r.Pattern.String()
}

// MarshalText implements [encoding.TextMarshaler].
func (r Rule) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (r *Rule) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRule(string(text))
	return err
}

// at returns the rule for a user with this home.
func (r Rule) at(home mirror.Path) Rule {
	r.Pattern = r.Pattern.at(home)
	return r
}

// decides reports whether the rule is about a verb on a path.
func (r Rule) decides(p mirror.Path, verb Verbs) bool {
	return r.Verbs&verb != 0 && r.Pattern.matches(p)
}
