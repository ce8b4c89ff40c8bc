package ftplist

import (
	"context"
	"fmt"
	"net"
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
	Recursive Way = "recursive" // LIST -R of whole subtrees
	Stat      Way = "stat"      // STAT, many on their way at a time
	Pipelined Way = "pipelined" // LIST or MLSD, the next sent before the last has ended
	Single    Way = "single"    // MLSD or LIST, one at a time
	MLSD      Way = "mlsd"
	LIST      Way = "list"
)

var ways = []Way{Auto, Index, Recursive, Stat, Pipelined, Single, MLSD, LIST}

// Config says how a site is listed.
type Config struct {
	URL  mirror.URL
	Way  Way            // Auto if empty
	Zone *time.Location // of the dates in LIST, where the operator knows it; nil to find out

	Timeout time.Duration // for connecting and for each read and write
	Whole   time.Duration // for one directory's listing as a whole, and for logging in
	Limits  crawl.Limits

	Dial func(ctx context.Context, network, addr string) (net.Conn, error) // nil for the network's own
	Now  func() time.Time
}

// A Source is one site as seen over FTP.
type Source struct {
	cfg Config
	memory
}

var _ crawl.Source = (*Source)(nil)

// NewSource returns a Source that knows nothing about the site yet.
func NewSource(cfg Config) (*Source, error) {
	if cfg.URL.Scheme != "ftp" {
		return nil, fmt.Errorf("site %s: only ftp:// can be crawled", cfg.URL)
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

// Open implements [crawl.Source]: it connects to the site.
func (s *Source) Open(ctx context.Context) (crawl.Lister, error) {
	l, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (s *Source) open(ctx context.Context) (*lister, error) {
	l := &lister{Source: s}
	return l, l.connect(ctx)
}

// connect takes no longer than a listing may.
func (l *lister) connect(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.cfg.Whole, fmt.Errorf("logging in takes longer than %s", l.cfg.Whole))
	defer cancel()
	l.conn, err = ftpconn.Dial(ctx, ftpconn.Config{Addr: l.cfg.URL.HostPort(), Timeout: l.cfg.Timeout, Dial: l.cfg.Dial})
	return err
}
