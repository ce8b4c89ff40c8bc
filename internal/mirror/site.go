package mirror

import (
	"cmp"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// A SiteID identifies a site wherever it is tracked: the first 16 bytes of the
// SHA-256 of its crawl URL.
type SiteID [16]byte

// String writes 32 hex digits.
func (id SiteID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText writes the hex digits.
func (id SiteID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (id *SiteID) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(id)) {
		return fmt.Errorf("site identity %q: want %d hex digits", text, hex.EncodedLen(len(id)))
	}
	_, err := hex.Decode(id[:], text)
	return err
}

// Value stores 16 bytes.
func (id SiteID) Value() (driver.Value, error) { return id[:], nil }

// Scan reads what Value stores.
func (id *SiteID) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(id) {
		return fmt.Errorf("site identity of type %T, want %d bytes", v, len(id))
	}
	copy(id[:], b)
	return nil
}

// A Site is one server's published hierarchy.
type Site struct {
	Name     string `json:"name"`               // local and only a convenience
	URL      URL    `json:"url"`                // where it is crawled: its identity
	Serving  []URL  `json:"serving,omitempty"`  // further URLs of the same hierarchy
	Weight   int    `json:"weight"`             // its share of clients among equals, up to MaxWeight; 0 is the last resort
	Schedule string `json:"schedule,omitempty"` // cron expression; "" is the configured default
	Zone     string `json:"zone,omitempty"`     // IANA time zone of the dates in its listings; "" to find out
	Visit    Visit  `json:"visit,omitzero"`     // how it is visited, where that is not as for all
	Reach           // where it is, and whom it serves

	// Learnt says that it is known from other trackers alone, and is not crawled here.
	Learnt bool `json:"learnt,omitempty"`
}

// Bounds of a site's weight.
const (
	DefaultWeight = 100
	MaxWeight     = 1_000_000
)

// ID returns the site's identity.
func (s Site) ID() SiteID {
	sum := sha256.Sum256([]byte(s.URL.String()))
	return SiteID(sum[:16])
}

// URLs returns all URLs of the site, the crawl URL first.
func (s Site) URLs() []URL { return append([]URL{s.URL}, s.Serving...) }

// Validate reports the first thing about a site that cannot be.
func (s Site) Validate() error {
	if err := ValidName(s.Name); err != nil {
		return err
	}
	if s.URL.Scheme != "ftp" && s.URL.Scheme != "ftps" {
		return fmt.Errorf("site %s: it is crawled by FTP, so its URL must begin with ftp:// or ftps://, not %s://", s.Name, s.URL.Scheme)
	}
	if s.Weight < 0 || s.Weight > MaxWeight {
		return fmt.Errorf("site %s: weight %d is not between 0 and %d", s.Name, s.Weight, MaxWeight)
	}
	if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "Local" {
		return fmt.Errorf("site %s: zone %q is not the name of a time zone, such as Europe/Berlin", s.Name, s.Zone)
	}
	urls := s.URLs()
	for i, u := range urls {
		if slices.Contains(urls[:i], u) {
			return fmt.Errorf("site %s: URL %s stands twice", s.Name, u)
		}
	}
	if err := cmp.Or(s.Visit.validate(s.URL), s.Reach.validate()); err != nil {
		return fmt.Errorf("site %s: %w", s.Name, err)
	}
	return nil
}

// reserved are the first path segments of the redirector's own endpoints,
// now and in times to come; a site of that name could not be reached.
var reserved = []string{"api", "favicon.ico", "healthz", "metrics", "peer", "readyz", "robots.txt", "static", "uri-res"}

var soundName = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$`)

// ValidName says why a name cannot be a site's.
func ValidName(name string) error {
	if !soundName.MatchString(name) {
		return fmt.Errorf("site name %q: want 1 to 64 of a-z, 0-9, dot, dash and underscore, a letter or digit at both ends", name)
	}
	if slices.Contains(reserved, name) {
		return fmt.Errorf("site name %q is taken by the redirector's own pages", name)
	}
	return nil
}
