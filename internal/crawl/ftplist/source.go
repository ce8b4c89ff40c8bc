package ftplist

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
)

// A Way is a way of listing.
type Way string

// The ways of listing. Auto takes the best that the site allows of those that follow
// it; MLSD and LIST are one directory at a time by that command and no other.
const (
	Auto      Way = "auto"
	Index     Way = "index"     // from an index file that the site publishes
	Stat      Way = "stat"      // STAT, many on their way at a time
	Recursive Way = "recursive" // LIST -R of whole subtrees
	Pipelined Way = "pipelined" // LIST or MLSD, the next sent before the last has ended
	Single    Way = "single"    // MLSD or LIST, one at a time
	MLSD      Way = "mlsd"
	LIST      Way = "list"
)

var ways = []Way{Auto, Index, Stat, Recursive, Pipelined, Single, MLSD, LIST}

// Config says how a site is listed.
type Config struct {
	URL  mirror.URL
	Way  Way            // Auto if empty
	Zone *time.Location // of the dates in LIST, where the operator knows it; nil to find out

	// Conn says how to connect; the address is that of URL.
	Conn   ftpconn.Config
	Slots  Slots         // nil if any number of connections may be opened
	Whole  time.Duration // for one directory's listing as a whole, and for logging in
	Limits crawl.Limits
	Now    func() time.Time

	// MaxIndexAge is how old an index file may be that listings are taken from; 36
	// hours if 0, and none is used if it is negative.
	MaxIndexAge time.Duration
}

// Slots bound the connections to a host, over all sites on it.
//
// Connect waits until one may be opened; TryConnect does not wait, and reports false
// where none may. The connection counts until release is called.
type Slots interface {
	Connect(ctx context.Context) (release func(), err error)
	TryConnect() (release func(), ok bool)
}

// A Source is one site as seen over FTP.
type Source struct {
	cfg Config
	memory
}

var _ crawl.Source = (*Source)(nil)

// NewSource returns a Source that knows nothing about the site yet.
func NewSource(cfg Config) (*Source, error) {
	switch cfg.URL.Scheme {
	case "ftp":
	case "ftps":
		cfg.Conn.TLS = ftpconn.ImplicitTLS
	default:
		return nil, fmt.Errorf("site %s: only ftp:// and ftps:// can be crawled", cfg.URL)
	}
	if cfg.Way == "" {
		cfg.Way = Auto
	}
	if !slices.Contains(ways, cfg.Way) {
		return nil, fmt.Errorf("way of listing %q is not one of %q", cfg.Way, ways)
	}
	s := &Source{cfg: cfg}
	s.facts = facts{Rules: rules, Way: cfg.Way, Zone: zoneName(cfg.Zone)}
	return s, nil
}
