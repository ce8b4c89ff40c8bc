package config

import (
	"mirrortracker/internal/mirror"
)

// A Config is all that can be configured. tracker.toml says what each key
// means; here stands what the programs need to know beyond that.
type Config struct {
	Database   string     `toml:"database"` // as store.Open takes it
	Log        Log        `toml:"log"`
	Crawl      Crawl      `toml:"crawl"`
	Redirector Redirector `toml:"redirector"`
	Sites      []Site     `toml:"site"`
}

// Log says what is logged and how.
type Log struct {
	Level  string `toml:"level"`  // debug, info, warn or error
	Format string `toml:"format"` // auto, text or json
}

// Crawl says how and when sites are crawled.
type Crawl struct {
	Connections    int      `toml:"connections"`
	Listing        string   `toml:"listing"` // auto, mlsd or list
	Timeout        Duration `toml:"timeout"`
	ListingTimeout Duration `toml:"listing_timeout"`
	Retries        int      `toml:"retries"`
	RetryPause     Duration `toml:"retry_pause"`
	ResumeFor      Duration `toml:"resume_for"`
	SaveEvery      Duration `toml:"save_every"`
	Schedule       string   `toml:"schedule"` // a cron expression, in UTC
	Jitter         Duration `toml:"jitter"`
	Again          Duration `toml:"again"`
	Parallel       int      `toml:"parallel"`
	Limits         Limits   `toml:"limits"`
}

// Limits are those of crawl.Limits.
type Limits struct {
	Depth   int      `toml:"depth"`
	Name    int      `toml:"name"`
	Entries int      `toml:"entries"`
	Listing Size     `toml:"listing"`
	Total   int64    `toml:"total"`
	Time    Duration `toml:"time"`
}

// Redirector says where the redirector listens and what it believes.
type Redirector struct {
	Listen  string   `toml:"listen"`
	Refresh Duration `toml:"refresh"`
	Doubt   Doubt    `toml:"doubt"`
}

// Doubt holds the thresholds of resolver.Doubt.
type Doubt struct {
	Files int64 `toml:"files"`
	Bytes Size  `toml:"bytes"`
	Names int   `toml:"names"`
}

// A Site is a site as the file declares it.
type Site struct {
	Name     string       `toml:"name"`
	URL      mirror.URL   `toml:"url"`
	Serving  []mirror.URL `toml:"serving"`
	Weight   *int         `toml:"weight"` // nil for the default
	Schedule string       `toml:"schedule"`
	Zone     string       `toml:"zone"`
}

// Site returns the site in the words of the rest of the tracker.
func (s Site) Site() mirror.Site {
	weight := mirror.DefaultWeight
	if s.Weight != nil {
		weight = *s.Weight
	}
	return mirror.Site{Name: s.Name, URL: s.URL, Serving: s.Serving, Weight: weight, Schedule: s.Schedule, Zone: s.Zone}
}

// Tracked returns the declared sites. They were validated when they were loaded.
func (c *Config) Tracked() []mirror.Site {
	sites := make([]mirror.Site, len(c.Sites))
	for i, s := range c.Sites {
		sites[i] = s.Site()
	}
	return sites
}
