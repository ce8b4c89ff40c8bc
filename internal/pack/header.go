package pack

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
)

// magic is the first line: the format and its version.
const magic = "mirror-pack 1\n"

// Bounds of a header.
const (
	maxHeader  = 64 << 10 // bytes of its line
	maxName    = 100      // bytes of a tracker's name
	maxBases   = 1000
	maxServing = 100
)

// A Header says what a pack holds. It is a claim until all of the pack has been read.
type Header struct {
	Tracker string `json:"tracker"` // who made the pack
	Origin  string `json:"origin"`  // who crawled the site

	Site Site `json:"site"`

	Started  time.Time `json:"started"` // of the crawl
	Finished time.Time `json:"finished"`

	Root          digest.ID  `json:"root"`
	Blind         digest.Sum `json:"blind"` // of the root, null where it is not completely known
	Exact         digest.Sum `json:"exact"`
	digest.Totals            // of the root
	Incomplete    int64      `json:"incomplete"` // directories whose own listing is incomplete

	// Bases are roots of snapshots that the receiver must have, as the pack names trees
	// below them. A full pack has none.
	Bases []digest.ID `json:"bases,omitempty"`
}

// A Site is what trackers tell each other about a site. Its identity is its URL; its
// name is a proposal.
type Site struct {
	Name    string       `json:"name"`
	URL     mirror.URL   `json:"url"`
	Serving []mirror.URL `json:"serving,omitempty"`
	Weight  int          `json:"weight"`
	mirror.Reach
}

// SiteOf returns what may be told of a site: not how it is visited.
func SiteOf(s mirror.Site) Site {
	return Site{Name: s.Name, URL: s.URL, Serving: s.Serving, Weight: s.Weight, Reach: s.Reach}
}

// Site returns the site in the words of the rest of the tracker.
func (s Site) Site() mirror.Site {
	return mirror.Site{Name: s.Name, URL: s.URL, Serving: s.Serving, Weight: s.Weight, Reach: s.Reach}
}

// Summary returns what the root is said to amount to.
func (h *Header) Summary() digest.Summary {
	return digest.Summary{ID: h.Root, Exact: h.Exact, Blind: h.Blind, Totals: h.Totals}
}

// Full reports whether the pack can be read by who has nothing.
func (h *Header) Full() bool { return len(h.Bases) == 0 }

// Validate reports the first thing about a header that cannot be.
func (h *Header) Validate() error {
	for _, name := range []struct{ key, value string }{{"tracker", h.Tracker}, {"origin", h.Origin}} {
		if err := ValidTracker(name.value); err != nil {
			return fmt.Errorf("%s: %w", name.key, err)
		}
	}
	switch {
	case len(h.Site.Serving) > maxServing:
		return fmt.Errorf("site: %d serving URLs are more than %d", len(h.Site.Serving), maxServing)
	case h.Started.IsZero() || h.Finished.Before(h.Started):
		return fmt.Errorf("a crawl cannot have begun %s and ended %s", h.Started.Format(time.RFC3339), h.Finished.Format(time.RFC3339))
	case h.Root.IsZero():
		return errors.New("root: it has no identity")
	case h.Files < 0 || h.Dirs < 0 || h.Bytes < 0 || h.Incomplete < 0:
		return errors.New("a count is negative")
	case len(h.Bases) > maxBases:
		return fmt.Errorf("bases: %d are more than %d", len(h.Bases), maxBases)
	}
	return h.Site.Site().Validate()
}

// ValidTracker says why a name cannot be a tracker's: it is shown to people.
func ValidTracker(name string) error {
	printable := func(r rune) bool { return unicode.IsPrint(r) && r != utf8.RuneError }
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, func(r rune) bool { return !printable(r) }) {
		return fmt.Errorf("tracker name %q: want 1 to %d bytes that can be printed", cut(name), maxName)
	}
	return nil
}

// cut shortens what is quoted in messages.
func cut(text string) string { return text[:min(len(text), maxName)] }

func (h *Header) write(w io.Writer) error {
	if err := h.Validate(); err != nil {
		return err
	}
	line, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if len(line) > maxHeader {
		return fmt.Errorf("header of %d bytes is longer than %d", len(line), maxHeader)
	}
	_, err = fmt.Fprintf(w, "%s%s\n", magic, line)
	return err
}

func readHeader(r *bufio.Reader) (h Header, err error) {
	first := make([]byte, len(magic))
	if _, err := io.ReadFull(r, first); err != nil {
		return h, fmt.Errorf("the first line is missing: %w", err)
	}
	if string(first) != magic {
		return h, fmt.Errorf("the first line is not %q: not a pack, or of a later version", strings.TrimSpace(magic))
	}
	line, err := readLine(r, maxHeader)
	if err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	if err := json.Unmarshal(line, &h); err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	if err := h.Validate(); err != nil {
		return h, fmt.Errorf("header: %w", err)
	}
	return h, nil
}
