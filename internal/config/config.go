package config

import (
	"net/netip"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/mirror"
)

// A Config is all that can be configured. tracker.toml says what each key
// means; here stands what the programs need to know beyond that.
type Config struct {
	Database   string     `toml:"database"` // as store.Open takes it
	Log        strict.Log `toml:"log"`
	Crawl      Crawl      `toml:"crawl"`
	Crawler    Crawler    `toml:"crawler"`
	History    History    `toml:"history"`
	Redirector Redirector `toml:"redirector"`
	Health     Health     `toml:"health"`
	Archives   []Archive  `toml:"archive"`
	Nearest    Nearest    `toml:"nearest"`
	Networks   []Network  `toml:"network"`
	Sites      []Site     `toml:"site"`
	Exchange   Exchange   `toml:"peers"`
	Peers      []Peer     `toml:"peer"`
}

// Crawl says how and when sites are crawled. A mirror.Visit goes before it.
type Crawl struct {
	Connections    int             `toml:"connections"`
	PerHost        int             `toml:"per_host"`
	Rate           float64         `toml:"rate"`      // directories a second, 0 for any
	Bandwidth      strict.Size     `toml:"bandwidth"` // a second, 0 for any
	Contact        string          `toml:"contact"`   // the anonymous password
	Listing        string          `toml:"listing"`   // one of mirror.Listings
	Index          string          `toml:"index"`     // auto or off
	Timeout        strict.Duration `toml:"timeout"`
	ListingTimeout strict.Duration `toml:"listing_timeout"`
	Retries        int             `toml:"retries"`
	RetryPause     strict.Duration `toml:"retry_pause"`
	ResumeFor      strict.Duration `toml:"resume_for"`
	SaveEvery      strict.Duration `toml:"save_every"`
	Suspect        float64         `toml:"suspect"`  // a share of what was there before, 0 for none
	Schedule       string          `toml:"schedule"` // a cron expression
	Zone           string          `toml:"zone"`     // of schedules and hours
	Hours          string          `toml:"hours"`    // as mirror.ParseHours reads them
	Jitter         strict.Duration `toml:"jitter"`
	Pause          strict.Duration `toml:"pause"`
	Again          strict.Duration `toml:"again"`
	AgainMax       strict.Duration `toml:"again_max"`
	Breaker        int             `toml:"breaker"`
	Parallel       int             `toml:"parallel"`
	Limits         Limits          `toml:"limits"`
}

// Crawler is about the program that crawls on schedule.
type Crawler struct {
	Listen string `toml:"listen"` // "" for nowhere
}

// History says for how long snapshots are kept.
type History struct {
	Keep int `toml:"keep"`
	Days int `toml:"days"`
}

// Limits are those of crawl.Limits.
type Limits struct {
	Depth   int             `toml:"depth"`
	Name    int             `toml:"name"`
	Entries int             `toml:"entries"`
	Listing strict.Size     `toml:"listing"`
	Total   int64           `toml:"total"`
	Time    strict.Duration `toml:"time"`
}

// Redirector says where the redirector listens and what it believes.
type Redirector struct {
	Listen          string          `toml:"listen"`     // addresses with blanks between them, as doors.Listen takes them
	TLSListen       string          `toml:"tls_listen"` // the same; "" for nowhere
	Certificate     string          `toml:"certificate"`
	Key             string          `toml:"key"`
	Refresh         strict.Duration `toml:"refresh"`
	Cache           string          `toml:"cache"` // a folder, "" for none
	Doubt           Doubt           `toml:"doubt"`
	NID             string          `toml:"nid"`   // namespace of URNs
	Links           int             `toml:"links"` // of a redirect, 0 for none
	TrustedProxies  []netip.Prefix  `toml:"trusted_proxies"`
	ForwardedHeader string          `toml:"forwarded_header"` // X-Forwarded-For or Forwarded
	AccessLog       string          `toml:"access_log"`       // a path, - or off
	AccessFormat    string          `toml:"access_format"`    // combined or json
	Limit           Limit           `toml:"limit"`
	Squid           Squid           `toml:"squid"`
	ICP             ICP             `toml:"icp"`
	Proxy           Proxy           `toml:"proxy"`
}

// Limit says how much is answered for one network of clients.
type Limit struct {
	Rate   float64        `toml:"rate"` // requests a second, 0 for any
	Burst  int            `toml:"burst"`
	IPv4   int            `toml:"ipv4"` // bits of a network
	IPv6   int            `toml:"ipv6"`
	Exempt []netip.Prefix `toml:"exempt"`
}

// Doubt holds the thresholds of resolver.Doubt.
type Doubt struct {
	Files int64       `toml:"files"`
	Bytes strict.Size `toml:"bytes"`
	Names int         `toml:"names"`
}

// Tracked returns the declared sites. They were validated when they were loaded.
func (c *Config) Tracked() []mirror.Site {
	sites := make([]mirror.Site, len(c.Sites))
	for i, s := range c.Sites {
		sites[i] = s.Site()
	}
	return sites
}
