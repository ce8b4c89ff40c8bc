package mirror

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A Visit says how a site is visited, where that is not as configured for all
// sites: the zero value of a field means the configured default.
type Visit struct {
	Listing     string        `json:"listing,omitempty"`     // the strategy of listing: one of Listings
	Connections int           `json:"connections,omitempty"` // at a time, from 1 to MaxConnections
	Rate        float64       `json:"rate,omitempty"`        // directories a second, from MinRate to MaxRate
	Bandwidth   int64         `json:"bandwidth,omitempty"`   // bytes a second, from MinBandwidth to MaxBandwidth
	Hours       string        `json:"hours,omitempty"`       // of the day in which it may run, as ParseHours reads them
	Pause       time.Duration `json:"-"`                     // between the end of a crawl and the beginning of the next; pause_seconds in JSON

	TLS      string `json:"tls,omitempty"`      // "off", "explicit" or "implicit"; "" is as the URL's scheme says
	CA       string `json:"ca,omitempty"`       // a file of certificates to trust instead of the system's
	Insecure bool   `json:"insecure,omitempty"` // do not check the server's certificate
	Family   string `json:"family,omitempty"`   // "ipv4" or "ipv6"; "" is whichever answers first
	User     string `json:"user,omitempty"`     // "" is anonymous
	Password string `json:"password,omitempty"` // where it stands: "env:NAME" or "file:PATH", never itself
}

// A visitJSON is a Visit as JSON has it, where a time says its unit.
type visitJSON struct {
	visitFields
	Pause float64 `json:"pause_seconds,omitempty"`
}

type visitFields Visit // without its methods

// MarshalJSON writes what UnmarshalJSON reads.
func (v Visit) MarshalJSON() ([]byte, error) {
	return json.Marshal(visitJSON{visitFields(v), v.Pause.Seconds()})
}

// UnmarshalJSON reads a visit, to the microsecond.
func (v *Visit) UnmarshalJSON(text []byte) error {
	var read visitJSON
	err := json.Unmarshal(text, &read)
	*v = Visit(read.visitFields)
	v.Pause = time.Duration(math.Round(read.Pause*1e6)) * time.Microsecond
	return err
}

// The ways in which a connection is encrypted (RFC 4217 has the explicit one).
const (
	TLSOff      = "off"
	TLSExplicit = "explicit" // the connection begins in clear text: AUTH TLS
	TLSImplicit = "implicit" // it begins with the handshake, on a port of its own: ftps://
)

// The address families that a visit can be held to.
const (
	IPv4 = "ipv4"
	IPv6 = "ipv6"
)

// Listings are the strategies of listing: found out, by trying in this order the site's
// index file, STAT, LIST -R, pipelined data connections, and one directory at a time;
// and the latter by MLSD or by LIST alone.
var Listings = []string{"auto", "index", "stat", "recursive", "pipelined", "single", "mlsd", "list"}

// Bounds of what can be set. The lowest rate and bandwidth are such that a visit
// still comes to its end.
const (
	MaxConnections = 32
	MinRate        = 0.01
	MaxRate        = 1_000_000
	MinBandwidth   = 1 << 10
	MaxBandwidth   = 1 << 40
	MaxPause       = 31 * 24 * time.Hour
)

// Secure returns the way in which the site's connections are encrypted: one of
// TLSOff, TLSExplicit and TLSImplicit.
func (s Site) Secure() string {
	if s.URL.Scheme == "ftps" {
		return TLSImplicit
	}
	return cmp.Or(s.Visit.TLS, TLSOff)
}

// validate reports the first thing that cannot be in a visit to a URL.
func (v Visit) validate(u URL) error {
	return cmp.Or(v.validatePace(), v.validateTLS(u), v.validateLogin())
}

func (v Visit) validatePace() error {
	_, badHours := ParseHours(v.Hours)
	switch {
	case v.Listing != "" && !slices.Contains(Listings, v.Listing):
		return fmt.Errorf("listing %q is not one of %s", v.Listing, strings.Join(Listings, ", "))
	case v.Connections < 0 || v.Connections > MaxConnections:
		return fmt.Errorf("connections %d is not between 1 and %d", v.Connections, MaxConnections)
	case v.Rate != 0 && !(v.Rate >= MinRate && v.Rate <= MaxRate):
		return fmt.Errorf("rate %v is not between %v and %d directories a second", v.Rate, MinRate, MaxRate)
	case v.Bandwidth != 0 && (v.Bandwidth < MinBandwidth || v.Bandwidth > MaxBandwidth):
		return fmt.Errorf("bandwidth %d is not between %d and %d bytes a second", v.Bandwidth, MinBandwidth, MaxBandwidth)
	case v.Pause < 0 || v.Pause > MaxPause:
		return fmt.Errorf("pause %s is not between 0s and %s", v.Pause, MaxPause)
	}
	return badHours
}

func (v Visit) validateTLS(u URL) error {
	secure := Site{URL: u, Visit: v}.Secure()
	switch {
	case v.TLS != "" && v.TLS != TLSOff && v.TLS != TLSExplicit && v.TLS != TLSImplicit:
		return fmt.Errorf("tls %q is not one of off, explicit, implicit", v.TLS)
	case v.TLS == TLSImplicit && u.Scheme == "ftp":
		return errors.New("tls is implicit where the URL begins with ftps://, not ftp://")
	case v.TLS != "" && v.TLS != secure:
		return fmt.Errorf("tls %q contradicts the URL, which begins with %s://", v.TLS, u.Scheme)
	case secure == TLSOff && (v.CA != "" || v.Insecure):
		return errors.New("ca and insecure are about certificates, of which there is none without tls")
	case v.CA != "" && v.Insecure:
		return errors.New("ca and insecure contradict each other")
	case strings.ContainsRune(v.CA, 0):
		return errors.New("ca is no path")
	}
	return nil
}

func (v Visit) validateLogin() error {
	switch {
	case v.Family != "" && v.Family != IPv4 && v.Family != IPv6:
		return fmt.Errorf("family %q is not one of ipv4, ipv6", v.Family)
	case strings.ContainsAny(v.User, "\x00\r\n"):
		return fmt.Errorf("user %q holds a control character that no user name may hold", v.User)
	case v.User == "" && v.Password != "":
		return errors.New("there is a password without a user")
	case v.Password == "":
		return nil
	}
	if err := ValidReference(v.Password); err != nil {
		return fmt.Errorf("password %w", err)
	}
	return nil
}
