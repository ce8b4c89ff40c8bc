package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/schedule"
	"mirrortracker/internal/urn"
)

// validate reports everything that cannot be, each with its key, what it is and
// what it may be.
func (c *Config) validate() error {
	k, l, r := &c.Crawl, &c.Crawl.Limits, &c.Redirector
	_, badSchedule := schedule.Parse(k.Schedule)
	_, badHours := mirror.ParseHours(k.Hours)
	return errors.Join(
		filled("database", c.Database),
		logLevel("log.level", c.Log.Level),
		logFormat("log.format", c.Log.Format),
		between("crawl.connections", k.Connections, 1, mirror.MaxConnections),
		between("crawl.per_host", k.PerHost, 1, 1000),
		zeroOr("crawl.rate", k.Rate, mirror.MinRate, mirror.MaxRate),
		zeroOr("crawl.bandwidth", k.Bandwidth, mirror.MinBandwidth, mirror.MaxBandwidth),
		greeting("crawl.contact", k.Contact),
		oneOf("crawl.listing", k.Listing, mirror.Listings...),
		oneOf("crawl.index", k.Index, "auto", "off"),
		lasting("crawl.timeout", k.Timeout, time.Second, time.Hour),
		lasting("crawl.listing_timeout", k.ListingTimeout, k.Timeout.Duration, 24*time.Hour),
		between("crawl.retries", k.Retries, 1, 100),
		lasting("crawl.retry_pause", k.RetryPause, time.Millisecond, time.Minute),
		lasting("crawl.resume_for", k.ResumeFor, 0, 31*24*time.Hour),
		lasting("crawl.save_every", k.SaveEvery, time.Second, time.Hour),
		between("crawl.suspect", k.Suspect, 0, 1),
		of("crawl.schedule", badSchedule),
		zone("crawl.zone", k.Zone),
		of("crawl.hours", badHours),
		lasting("crawl.jitter", k.Jitter, 0, 7*24*time.Hour),
		lasting("crawl.pause", k.Pause, 0, mirror.MaxPause),
		lasting("crawl.again", k.Again, time.Minute, 31*24*time.Hour),
		lasting("crawl.again_max", k.AgainMax, k.Again.Duration, 31*24*time.Hour),
		between("crawl.breaker", k.Breaker, 1, 1000),
		between("crawl.parallel", k.Parallel, 1, 1000),
		between("crawl.limits.depth", l.Depth, 1, 1000),
		between("crawl.limits.name", l.Name, 1, 65535),
		between("crawl.limits.entries", l.Entries, 1, 100_000_000),
		between("crawl.limits.listing", l.Listing, 1<<10, 4<<30),
		between("crawl.limits.total", l.Total, 1, 1_000_000_000_000),
		lasting("crawl.limits.time", l.Time, time.Minute, 31*24*time.Hour),
		optional("crawler.listen", c.Crawler.Listen, address),
		between("history.keep", c.History.Keep, 1, 100_000),
		between("history.days", c.History.Days, 0, 100_000),
		filled("redirector.listen", r.Listen),
		addresses("redirector.listen", r.Listen),
		addresses("redirector.tls_listen", r.TLSListen),
		certificate(r),
		lasting("redirector.refresh", r.Refresh, 100*time.Millisecond, time.Hour),
		between("redirector.links", r.Links, 0, 50),
		canonical("redirector.trusted_proxies", r.TrustedProxies),
		oneOf("redirector.forwarded_header", r.ForwardedHeader, "X-Forwarded-For", "Forwarded"),
		filled("redirector.access_log", r.AccessLog),
		oneOf("redirector.access_format", r.AccessFormat, "combined", "json"),
		zeroOr("redirector.limit.rate", r.Limit.Rate, 0.01, 1e6),
		between("redirector.limit.burst", r.Limit.Burst, 1, 1_000_000),
		between("redirector.limit.ipv4", r.Limit.IPv4, 8, 32),
		between("redirector.limit.ipv6", r.Limit.IPv6, 16, 128),
		canonical("redirector.limit.exempt", r.Limit.Exempt),
		between("redirector.doubt.files", r.Doubt.Files, 1, 1_000_000_000),
		between("redirector.doubt.bytes", r.Doubt.Bytes, 1, 1<<60),
		between("redirector.doubt.names", r.Doubt.Names, 1, 1000),
		r.ICP.validate(),
		optional("redirector.proxy.listen", r.Proxy.Listen, address),
		namespace("redirector.nid", r.NID),
		validateArchives(c.Archives),
		c.Health.validate(),
		c.Nearest.validate(),
		validateNetworks(c.Networks),
		validateSites(c.Sites),
	)
}

// validateSites checks the declared sites, each alone and all together.
func validateSites(declared []Site) error {
	var failed []error
	names, urls := map[string]bool{}, map[mirror.URL]string{}
	for i, d := range declared {
		s := d.Site()
		switch {
		case s.Name == "":
			failed = append(failed, fmt.Errorf("site: number %d has no name", i+1))
			continue
		case s.URL == mirror.URL{}:
			failed = append(failed, fmt.Errorf("site %s: it has no url", s.Name))
			continue
		case names[s.Name]:
			failed = append(failed, fmt.Errorf("site %s: two sites have this name", s.Name))
		case urls[s.URL] != "":
			failed = append(failed, fmt.Errorf("site %s: %s is the url of site %s too", s.Name, s.URL, urls[s.URL]))
		}
		names[s.Name], urls[s.URL] = true, s.Name
		if err := s.Validate(); err != nil {
			failed = append(failed, err)
		}
		if (d.Latitude == nil) != (d.Longitude == nil) {
			failed = append(failed, fmt.Errorf("site %s: latitude and longitude belong together", s.Name))
		}
		if s.Schedule != "" {
			if _, err := schedule.Parse(s.Schedule); err != nil {
				failed = append(failed, fmt.Errorf("site %s: schedule: %w", s.Name, err))
			}
		}
	}
	return errors.Join(failed...)
}

// validateArchives checks the named archives. Whether their sites are tracked is
// not for the file to know.
func validateArchives(declared []Archive) error {
	var failed []error
	names := map[string]bool{}
	for _, d := range declared {
		a := d.Archive()
		if names[a.Name] {
			failed = append(failed, fmt.Errorf("archive %s: two archives have this name", a.Name))
		}
		names[a.Name] = true
		if err := a.Validate(); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// of adds the key to what is wrong with its value.
func of(key string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// optional checks a value that may be empty.
func optional(key, value string, check func(key, value string) error) error {
	if value == "" {
		return nil
	}
	return check(key, value)
}

func logLevel(key, value string) error {
	return oneOf(key, value, "debug", "info", "warn", "error")
}

func logFormat(key, value string) error { return oneOf(key, value, "auto", "text", "json") }

func namespace(key, value string) error {
	if !urn.ValidNID(value) {
		return fmt.Errorf("%s is %q, must be 2 to 32 letters, digits and dashes, a letter or digit at both ends", key, value)
	}
	return nil
}

func filled(key, value string) error {
	if value == "" {
		return fmt.Errorf("%s is empty", key)
	}
	return nil
}

func oneOf(key, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return fmt.Errorf("%s is %q, must be one of %s", key, value, strings.Join(allowed, ", "))
	}
	return nil
}

// A number is what between and zeroOr compare.
type number interface{ int | int64 | float64 | Size }

func between[N number](key string, value, low, high N) error {
	if !(low <= value && value <= high) { // false for what is no number, too
		return fmt.Errorf("%s is %v, must be from %v to %v", key, value, low, high)
	}
	return nil
}

// zeroOr checks a value of which 0 stands for none.
func zeroOr[N number](key string, value, low, high N) error {
	if value != 0 && between(key, value, low, high) != nil {
		return fmt.Errorf("%s is %v, must be 0 or from %v to %v", key, value, low, high)
	}
	return nil
}

func lasting(key string, value Duration, low, high time.Duration) error {
	if value.Duration < low || value.Duration > high {
		return fmt.Errorf("%s is %v, must be from %v to %v", key, value, Duration{low}, Duration{high})
	}
	return nil
}

func address(key, value string) error {
	if _, _, err := net.SplitHostPort(value); err != nil {
		return fmt.Errorf("%s is %q, must be HOST:PORT such as 127.0.0.1:8080, or :8080 for all addresses", key, value)
	}
	return nil
}

// addresses checks those where HTTP is served.
func addresses(key, value string) error {
	for one := range strings.FieldsSeq(value) {
		if path, ok := strings.CutPrefix(one, "unix:"); ok && path != "" {
			continue
		}
		if err := address(key, one); err != nil {
			return err
		}
	}
	return nil
}

// certificate checks that there is one for HTTPS exactly where that is served.
func certificate(r *Redirector) error {
	switch {
	case (r.Certificate == "") != (r.Key == ""):
		return errors.New("redirector.certificate and redirector.key go together; one of them is empty")
	case r.TLSListen != "" && r.Certificate == "":
		return errors.New("redirector.tls_listen needs redirector.certificate and redirector.key")
	}
	return nil
}

// canonical checks networks.
func canonical(key string, prefixes []netip.Prefix) error {
	for _, p := range prefixes {
		if !p.IsValid() {
			return fmt.Errorf("%s has one that is empty", key)
		}
		if same := nearest.Canonical(p); p != same {
			return fmt.Errorf("%s has %v, of which the network is %v", key, p, same)
		}
	}
	return nil
}

// zone checks the name of a time zone. The machine's own is none: the same
// configuration would mean another thing elsewhere.
func zone(key, value string) error {
	if _, err := time.LoadLocation(value); err != nil || value == "" || value == "Local" {
		return fmt.Errorf("%s is %q, must be UTC or the name of a time zone such as Europe/Berlin", key, value)
	}
	return nil
}

// greeting checks what is said to servers in one line.
func greeting(key, value string) error {
	if value == "" || len(value) > 200 || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fmt.Errorf("%s is %q, must be 1 to 200 visible ASCII characters such as mirrors@example.org", key, value)
	}
	return nil
}
