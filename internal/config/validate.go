package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/schedule"
)

// validate reports everything that cannot be, each with its key, what it is and
// what it may be.
func (c *Config) validate() error {
	k, l, r := &c.Crawl, &c.Crawl.Limits, &c.Redirector
	_, badSchedule := schedule.Parse(k.Schedule)
	if badSchedule != nil {
		badSchedule = fmt.Errorf("crawl.schedule: %w", badSchedule)
	}
	return errors.Join(
		filled("database", c.Database),
		oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error"),
		oneOf("log.format", c.Log.Format, "auto", "text", "json"),
		between("crawl.connections", k.Connections, 1, 32),
		oneOf("crawl.listing", k.Listing, "auto", "mlsd", "list"),
		lasting("crawl.timeout", k.Timeout, time.Second, time.Hour),
		lasting("crawl.listing_timeout", k.ListingTimeout, k.Timeout.Duration, 24*time.Hour),
		between("crawl.retries", k.Retries, 1, 100),
		lasting("crawl.retry_pause", k.RetryPause, time.Millisecond, time.Minute),
		lasting("crawl.resume_for", k.ResumeFor, 0, 31*24*time.Hour),
		lasting("crawl.save_every", k.SaveEvery, time.Second, time.Hour),
		badSchedule,
		lasting("crawl.jitter", k.Jitter, 0, 7*24*time.Hour),
		lasting("crawl.again", k.Again, time.Minute, 31*24*time.Hour),
		between("crawl.parallel", k.Parallel, 1, 1000),
		between("crawl.limits.depth", l.Depth, 1, 1000),
		between("crawl.limits.name", l.Name, 1, 65535),
		between("crawl.limits.entries", l.Entries, 1, 100_000_000),
		between("crawl.limits.listing", l.Listing, 1<<10, 4<<30),
		between("crawl.limits.total", l.Total, 1, 1_000_000_000_000),
		lasting("crawl.limits.time", l.Time, time.Minute, 31*24*time.Hour),
		address("redirector.listen", r.Listen),
		lasting("redirector.refresh", r.Refresh, 100*time.Millisecond, time.Hour),
		between("redirector.doubt.files", r.Doubt.Files, 1, 1_000_000_000),
		between("redirector.doubt.bytes", r.Doubt.Bytes, 1, 1<<60),
		between("redirector.doubt.names", r.Doubt.Names, 1, 1000),
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
		if s.Schedule != "" {
			if _, err := schedule.Parse(s.Schedule); err != nil {
				failed = append(failed, fmt.Errorf("site %s: schedule: %w", s.Name, err))
			}
		}
	}
	return errors.Join(failed...)
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

func between[N int | int64 | Size](key string, value, low, high N) error {
	if value < low || value > high {
		return fmt.Errorf("%s is %v, must be from %v to %v", key, value, low, high)
	}
	return nil
}

func lasting(key string, value Duration, low, high time.Duration) error {
	if value.Duration < low || value.Duration > high {
		return fmt.Errorf("%s is %v, must be from %v to %v", key, value, low, high)
	}
	return nil
}

func address(key, value string) error {
	if _, _, err := net.SplitHostPort(value); err != nil {
		return fmt.Errorf("%s is %q, must be HOST:PORT such as 127.0.0.1:8080, or :8080 for all addresses", key, value)
	}
	return nil
}
