package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
	"mirrortracker/internal/schedule"
	"mirrortracker/internal/urn"
)

// Validate reports everything that cannot be, each with its key, what it is and
// what it may be.
func (c *Config) Validate() error {
	k, l, r := &c.Crawl, &c.Crawl.Limits, &c.Redirector
	_, badSchedule := schedule.Parse(k.Schedule)
	_, badHours := mirror.ParseHours(k.Hours)
	return errors.Join(
		strict.Filled("database", c.Database),
		c.Log.Check("log"),
		strict.Between("crawl.connections", k.Connections, 1, mirror.MaxConnections),
		strict.Between("crawl.per_host", k.PerHost, 1, 1000),
		strict.ZeroOr("crawl.rate", k.Rate, mirror.MinRate, mirror.MaxRate),
		strict.ZeroOr("crawl.bandwidth", k.Bandwidth, mirror.MinBandwidth, mirror.MaxBandwidth),
		greeting("crawl.contact", k.Contact),
		strict.OneOf("crawl.listing", k.Listing, mirror.Listings...),
		strict.OneOf("crawl.index", k.Index, "auto", "off"),
		strict.Lasting("crawl.timeout", k.Timeout, time.Second, time.Hour),
		strict.Lasting("crawl.listing_timeout", k.ListingTimeout, k.Timeout.Duration, 24*time.Hour),
		strict.Between("crawl.retries", k.Retries, 1, 100),
		strict.Lasting("crawl.retry_pause", k.RetryPause, time.Millisecond, time.Minute),
		strict.Lasting("crawl.resume_for", k.ResumeFor, 0, 31*24*time.Hour),
		strict.Lasting("crawl.save_every", k.SaveEvery, time.Second, time.Hour),
		strict.Between("crawl.suspect", k.Suspect, 0, 1),
		strict.Of("crawl.schedule", badSchedule),
		zone("crawl.zone", k.Zone),
		strict.Of("crawl.hours", badHours),
		strict.Lasting("crawl.jitter", k.Jitter, 0, 7*24*time.Hour),
		strict.Lasting("crawl.pause", k.Pause, 0, mirror.MaxPause),
		strict.Lasting("crawl.again", k.Again, time.Minute, 31*24*time.Hour),
		strict.Lasting("crawl.again_max", k.AgainMax, k.Again.Duration, 31*24*time.Hour),
		strict.Between("crawl.breaker", k.Breaker, 1, 1000),
		strict.Between("crawl.parallel", k.Parallel, 1, 1000),
		strict.Between("crawl.limits.depth", l.Depth, 1, 1000),
		strict.Between("crawl.limits.name", l.Name, 1, 65535),
		strict.Between("crawl.limits.entries", l.Entries, 1, 100_000_000),
		strict.Between("crawl.limits.listing", l.Listing, 1<<10, 4<<30),
		strict.Between("crawl.limits.total", l.Total, 1, 1_000_000_000_000),
		strict.Lasting("crawl.limits.time", l.Time, time.Minute, 31*24*time.Hour),
		strict.Optional("crawler.listen", c.Crawler.Listen, strict.Address),
		strict.Between("history.keep", c.History.Keep, 1, 100_000),
		strict.Between("history.days", c.History.Days, 0, 100_000),
		strict.Filled("redirector.listen", r.Listen),
		addresses("redirector.listen", r.Listen),
		addresses("redirector.tls_listen", r.TLSListen),
		certificate(r),
		strict.Lasting("redirector.refresh", r.Refresh, 100*time.Millisecond, time.Hour),
		strict.Between("redirector.links", r.Links, 0, 50),
		canonical("redirector.trusted_proxies", r.TrustedProxies),
		strict.OneOf("redirector.forwarded_header", r.ForwardedHeader, "X-Forwarded-For", "Forwarded"),
		strict.Filled("redirector.access_log", r.AccessLog),
		strict.OneOf("redirector.access_format", r.AccessFormat, "combined", "json"),
		strict.ZeroOr("redirector.limit.rate", r.Limit.Rate, 0.01, 1e6),
		strict.Between("redirector.limit.burst", r.Limit.Burst, 1, 1_000_000),
		strict.Between("redirector.limit.ipv4", r.Limit.IPv4, 8, 32),
		strict.Between("redirector.limit.ipv6", r.Limit.IPv6, 16, 128),
		canonical("redirector.limit.exempt", r.Limit.Exempt),
		strict.Between("redirector.doubt.files", r.Doubt.Files, 1, 1_000_000_000),
		strict.Between("redirector.doubt.bytes", r.Doubt.Bytes, 1, 1<<60),
		strict.Between("redirector.doubt.names", r.Doubt.Names, 1, 1000),
		r.ICP.validate(),
		strict.Optional("redirector.proxy.listen", r.Proxy.Listen, strict.Address),
		namespace("redirector.nid", r.NID),
		validateArchives(c.Archives),
		c.Health.validate(),
		c.Nearest.validate(),
		validateNetworks(c.Networks),
		validateSites(c.Sites),
		c.Exchange.validate(),
		validatePeers(c.Peers),
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

func namespace(key, value string) error {
	if !urn.ValidNID(value) {
		return strict.Wrong(key, "is %q, must be 2 to 32 letters, digits and dashes, a letter or digit at both ends", value)
	}
	return nil
}

// addresses checks those where HTTP is served.
func addresses(key, value string) error {
	for one := range strings.FieldsSeq(value) {
		if path, ok := strings.CutPrefix(one, "unix:"); ok && path != "" {
			continue
		}
		if err := strict.Address(key, one); err != nil {
			return err
		}
	}
	return nil
}

// certificate checks that there is one for HTTPS exactly where that is served.
func certificate(r *Redirector) error {
	if r.TLSListen != "" && r.Certificate == "" && r.Key == "" {
		return strict.Wrong("redirector.tls_listen", "needs redirector.certificate and redirector.key")
	}
	return strict.Pair("redirector.certificate", r.Certificate, "redirector.key", r.Key)
}

// canonical checks networks.
func canonical(key string, prefixes []netip.Prefix) error {
	for _, p := range prefixes {
		if !p.IsValid() {
			return strict.Wrong(key, "has one that is empty")
		}
		if same := nearest.Canonical(p); p != same {
			return strict.Wrong(key, "has %v, of which the network is %v", p, same)
		}
	}
	return nil
}

// zone checks the name of a time zone. The machine's own is none: the same
// configuration would mean another thing elsewhere.
func zone(key, value string) error {
	if _, err := time.LoadLocation(value); err != nil || value == "" || value == "Local" {
		return strict.Wrong(key, "is %q, must be UTC or the name of a time zone such as Europe/Berlin", value)
	}
	return nil
}

// greeting checks what is said to servers in one line.
func greeting(key, value string) error {
	if value == "" || len(value) > 200 || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return strict.Wrong(key, "is %q, must be 1 to 200 visible ASCII characters such as mirrors@example.org", value)
	}
	return nil
}
