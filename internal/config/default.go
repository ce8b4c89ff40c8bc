package config

import (
	_ "embed"
	"net/netip"
	"time"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/crawl"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/urn"
)

// Commented is the configuration file that has every key, each explained and
// at its default.
//
//go:embed tracker.toml
var Commented string

// Default returns what is in force where nothing else is said.
func Default() Config {
	limits, retry, doubt := crawl.DefaultLimits(), crawl.DefaultRetry(), resolver.DefaultDoubt()
	return Config{
		Database: "sqlite:var/tracker.db",
		Log:      strict.DefaultLog,
		Crawl: Crawl{
			Connections:    2,
			PerHost:        2,
			Contact:        "mirrortracker@",
			Listing:        "auto",
			Index:          "auto",
			Timeout:        strict.Span(30 * time.Second),
			ListingTimeout: strict.Span(10 * time.Minute),
			Retries:        retry.Tries,
			RetryPause:     strict.Span(retry.Pause),
			ResumeFor:      strict.Span(24 * time.Hour),
			SaveEvery:      strict.Span(time.Minute),
			Suspect:        0.8,
			Schedule:       "@daily",
			Zone:           "UTC",
			Hours:          "0-24",
			Jitter:         strict.Span(4 * time.Hour),
			Pause:          strict.Span(10 * time.Minute),
			Again:          strict.Span(time.Hour),
			AgainMax:       strict.Span(24 * time.Hour),
			Breaker:        5,
			Parallel:       4,
			Limits: Limits{
				Depth:   limits.Depth,
				Name:    limits.Name,
				Entries: limits.Entries,
				Listing: strict.Size(limits.Listing),
				Total:   limits.Total,
				Time:    strict.Span(limits.Time),
			},
		},
		History: History{Keep: 10, Days: 90},
		Redirector: Redirector{
			Listen:  "127.0.0.1:8080",
			Refresh: strict.Span(2 * time.Second),
			Cache:   "var/index",
			NID:     urn.DefaultNID,
			Doubt:   Doubt{Files: doubt.Files, Bytes: strict.Size(doubt.Bytes), Names: doubt.Names},
			ICP:     ICP{Allow: []netip.Prefix{}},

			Links:           5,
			TrustedProxies:  []netip.Prefix{},
			ForwardedHeader: "X-Forwarded-For",
			AccessLog:       "off",
			AccessFormat:    "combined",
			Limit: Limit{
				Rate:   100,
				Burst:  500,
				IPv4:   32,
				IPv6:   56,
				Exempt: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
			},
		},
		Health:   defaultHealth(),
		Nearest:  defaultNearest(),
		Exchange: defaultExchange(),
	}
}
