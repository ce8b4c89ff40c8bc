package mirror

import "time"

// A Visit says how a site is visited, where that is not as configured for all
// sites: the zero value of a field means the configured default.
type Visit struct {
	Listing     string        `json:"listing,omitempty"`     // the strategy of listing, as crawl.listing
	Connections int           `json:"connections,omitempty"` // at a time
	Rate        float64       `json:"rate,omitempty"`        // directories a second
	Bandwidth   int64         `json:"bandwidth,omitempty"`   // bytes a second
	Hours       string        `json:"hours,omitempty"`       // of the day in UTC in which it may run: "22-6"
	Pause       time.Duration `json:"pause,omitempty"`       // between the end of a crawl and the beginning of the next, in nanoseconds

	TLS      string `json:"tls,omitempty"`      // "off", "explicit" or "implicit"; "" is off
	CA       string `json:"ca,omitempty"`       // a file of certificates to trust instead of the system's
	Insecure bool   `json:"insecure,omitempty"` // do not check the server's certificate
	Family   string `json:"family,omitempty"`   // "ipv4" or "ipv6"; "" is whichever answers first
	User     string `json:"user,omitempty"`     // "" is anonymous
	Password string `json:"password,omitempty"` // where it stands: "env:NAME" or "file:PATH", never itself
}
