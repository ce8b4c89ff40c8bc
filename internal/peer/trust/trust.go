// Package trust says which sites another tracker is believed about.
package trust

import (
	"fmt"
	"regexp"
	"strings"

	"mirrortracker/internal/mirror"
)

// A Pattern stands for sites, by the URLs at which they are crawled:
//
//   - any site
//     *.de                       sites whose host's name ends so
//     ftp.example.org            the sites of one host, at any port and by either scheme
//     ftp://ftp.example.org/pub/ the site of that URL, and those whose URLs begin with it
//
// Its text is canonical: equal patterns have equal texts. Make it with [Parse].
type Pattern struct {
	text string
	base mirror.URL // of a pattern that is a URL
}

// Sites are those that any of the patterns stands for.
type Sites []Pattern

// Bounds of what is written down of a peer's trust.
const (
	maxPatterns = 1000
	maxText     = 1000 // bytes of one
)

// soundHost is the name of a host or an address, which is not a pattern.
var soundHost = regexp.MustCompile(`^[a-z0-9_:]([a-z0-9._:-]*[a-z0-9_:])?$`)

// Parse reads a pattern.
func Parse(text string) (Pattern, error) {
	if len(text) > maxText {
		return Pattern{}, fmt.Errorf("pattern of %d bytes is longer than %d", len(text), maxText)
	}
	if strings.Contains(text, "://") {
		base, err := mirror.ParseURL(text)
		if err != nil {
			return Pattern{}, fmt.Errorf("pattern: %w", err)
		}
		return Pattern{base.String(), base}, nil
	}
	lower := strings.ToLower(text)
	if lower == "*" || soundHost.MatchString(strings.TrimPrefix(lower, "*.")) {
		return Pattern{text: lower}, nil
	}
	return Pattern{}, fmt.Errorf(`pattern %q: want "*" for any site, "*.de" for hosts whose names end so, a host such as "ftp.example.org", or the URL with which those of sites begin`, text)
}

// ParseAll reads patterns.
func ParseAll(texts []string) (Sites, error) {
	if len(texts) > maxPatterns {
		return nil, fmt.Errorf("%d patterns are more than %d", len(texts), maxPatterns)
	}
	sites := make(Sites, 0, len(texts))
	for _, text := range texts {
		p, err := Parse(text)
		if err != nil {
			return nil, err
		}
		sites = append(sites, p)
	}
	return sites, nil
}

// String returns the pattern as [Parse] reads it.
func (p Pattern) String() string { return p.text }

// Has reports whether the site that is crawled at a URL is one of those.
func (p Pattern) Has(site mirror.URL) bool {
	switch suffix, wild := strings.CutPrefix(p.text, "*"); {
	case p.base != mirror.URL{}:
		server := site
		server.Base = p.base.Base
		return server == p.base && strings.HasPrefix(site.Base, p.base.Base)
	case wild:
		return strings.HasSuffix(site.Host, suffix)
	}
	return site.Host == p.text
}

// Have reports whether the site that is crawled at a URL is one of those.
func (s Sites) Have(site mirror.URL) bool {
	for _, p := range s {
		if p.Has(site) {
			return true
		}
	}
	return false
}

// Strings returns the patterns as [ParseAll] reads them.
func (s Sites) Strings() []string {
	texts := make([]string, len(s))
	for i, p := range s {
		texts[i] = p.text
	}
	return texts
}
