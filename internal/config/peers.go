package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/trust"
)

// Exchange says how this tracker exchanges snapshots with others.
type Exchange struct {
	Listen    string          `toml:"listen"`    // "" for nowhere
	Name      string          `toml:"name"`      // "" for the host's
	URL       string          `toml:"url"`       // at which others reach listen; "" if they need not know
	Key       string          `toml:"key"`       // a file
	Folder    string          `toml:"folder"`    // for packs
	Cache     strict.Size     `toml:"cache"`     // of packs that were made
	Share     []string        `toml:"share"`     // as trust.ParseAll reads them
	Poll      strict.Duration `toml:"poll"`      // how often each is asked
	MaxPack   strict.Size     `toml:"max_pack"`  // that is downloaded
	MaxAge    strict.Duration `toml:"max_age"`   // of a snapshot that is taken
	Bandwidth strict.Size     `toml:"bandwidth"` // a second, 0 for any
}

// A Peer is another tracker as the file declares it.
type Peer struct {
	URL        mirror.URL `toml:"url"`
	Key        string     `toml:"key"`
	Trust      []string   `toml:"trust"`
	Introduces bool       `toml:"introduces"`
}

func defaultExchange() Exchange {
	return Exchange{
		Key:     "var/peer.key",
		Folder:  "var/peers",
		Cache:   1 << 30,
		Share:   []string{"*"},
		Poll:    strict.Span(5 * time.Minute),
		MaxPack: 4 << 30,
		MaxAge:  strict.Span(30 * 24 * time.Hour),
	}
}

// Called returns the name of this tracker.
func (p *Exchange) Called() (string, error) {
	if p.Name != "" {
		return p.Name, nil
	}
	host, err := os.Hostname()
	if err == nil {
		err = pack.ValidTracker(host)
	}
	if err != nil {
		return "", fmt.Errorf("the host's name cannot be the tracker's, so peers.name of the configuration must be set: %w", err)
	}
	return host, nil
}

// EqualButPoll reports whether two say the same, but for how often peers are asked.
func (p *Exchange) EqualButPoll(o *Exchange) bool {
	same := *p
	same.Poll = o.Poll
	return reflect.DeepEqual(&same, o)
}

// Shared returns the sites of which others are told. They were validated.
func (p *Exchange) Shared() trust.Sites {
	sites, _ := trust.ParseAll(p.Share)
	return sites
}

// Reached returns the URL at which others reach this tracker, the zero URL if they
// need not know. It was validated.
func (p *Exchange) Reached() mirror.URL {
	u, _ := trackerURL(p.URL)
	return u
}

func trackerURL(text string) (mirror.URL, error) {
	u, err := mirror.ParseURL(text)
	if err != nil {
		return mirror.URL{}, err
	}
	return u, peer.ValidURL(u)
}

func (p *Exchange) validate() error {
	_, badShare := trust.ParseAll(p.Share)
	return errors.Join(
		strict.Optional("peers.listen", p.Listen, strict.Address),
		strict.Optional("peers.name", p.Name, func(key, value string) error { return strict.Of(key, pack.ValidTracker(value)) }),
		strict.Optional("peers.url", p.URL, func(key, value string) error {
			_, err := trackerURL(value)
			return strict.Of(key, err)
		}),
		strict.Filled("peers.key", p.Key),
		strict.Filled("peers.folder", p.Folder),
		strict.Between("peers.cache", p.Cache, 0, 1<<50),
		strict.Of("peers.share", badShare),
		strict.Lasting("peers.poll", p.Poll, time.Second, 24*time.Hour),
		strict.Between("peers.max_pack", p.MaxPack, 1<<10, 1<<40),
		strict.Lasting("peers.max_age", p.MaxAge, time.Hour, 10*365*24*time.Hour),
		strict.ZeroOr("peers.bandwidth", p.Bandwidth, 1<<10, 1<<40),
	)
}

// validatePeers checks the declared peers, each alone and all together.
func validatePeers(declared []Peer) error {
	var failed []error
	seen := map[mirror.URL]bool{}
	for i, d := range declared {
		if (d.URL == mirror.URL{}) {
			failed = append(failed, fmt.Errorf("peer: number %d has no url", i+1))
			continue
		}
		refuse := func(err error) {
			if err != nil {
				failed = append(failed, fmt.Errorf("peer %s: %w", d.URL, err))
			}
		}
		refuse(peer.ValidURL(d.URL))
		if seen[d.URL] {
			refuse(errors.New("it is declared twice"))
		}
		seen[d.URL] = true
		_, err := peer.ParseKey(d.Key)
		refuse(err)
		_, err = trust.ParseAll(d.Trust)
		refuse(err)
	}
	return errors.Join(failed...)
}
