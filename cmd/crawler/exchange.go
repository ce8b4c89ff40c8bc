package main

import (
	"errors"
	"io/fs"
	"net"
	"path/filepath"
	"time"

	"aead.dev/minisign"

	"mirrortracker/internal/config"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/catalogue"
	"mirrortracker/internal/peer/exchange"
	"mirrortracker/internal/peer/fetch"
	"mirrortracker/internal/peer/receive"
	"mirrortracker/internal/peer/serve"
	"mirrortracker/internal/process"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

// Folders in that of the exchange.
const (
	packsFolder     = "made"
	downloadsFolder = "received"
)

// exchange returns this tracker's side of the exchange with others.
func (s *session) exchange() (*exchange.Exchange, error) {
	settings := &s.Config.Exchange
	name, err := settings.Called()
	if err != nil {
		return nil, err
	}
	own, err := peer.LoadKey(settings.Key)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var key minisign.PublicKey
	if err == nil {
		key = peer.Public(own)
	}
	return &exchange.Exchange{
		Store:    s.Store,
		Receiver: s.receiver(),
		Client: fetch.New(fetch.Options{
			Folder:    filepath.Join(settings.Folder, downloadsFolder),
			MaxPack:   int64(settings.MaxPack),
			Bandwidth: int64(settings.Bandwidth),
			Agent:     "mirrortracker (" + s.Config.Crawl.Contact + ")",
		}),
		Catalogue: &catalogue.Catalogue{Source: s.Store, Name: name, Share: settings.Shared()},
		URL:       settings.Reached(),
		Key:       key,
		Owner:     process.Name(),
		Gone:      process.Gone,
		Now:       time.Now,
		Log:       s.Log,
	}, nil
}

// receiver returns what takes over snapshots.
func (s *session) receiver() *receive.Receiver {
	rules := receive.DefaultRules
	rules.MaxAge = s.Config.Exchange.MaxAge.Duration
	return &receive.Receiver{Store: s.Store, Owner: process.Name(), Rules: rules, Gone: process.Gone, Now: time.Now}
}

// exchangeWith returns the loop that asks peers, and if there is somewhere to serve
// them, what serves. It makes the key for that.
func (d *daemon) exchangeWith(sockets []net.Listener) (*exchange.Loop, *serve.Server, error) {
	settings := &d.Config.Exchange
	var key minisign.PrivateKey
	if len(sockets) > 0 {
		var err error
		if key, err = peer.MakeKey(settings.Key); err != nil {
			return nil, nil, ui.Hint(err, "peers.key of the configuration names another file")
		}
	}
	x, err := d.exchange()
	if err != nil {
		return nil, nil, err
	}
	loop := exchange.NewLoop(x, func() time.Duration { return d.force.Load().Exchange.Poll.Duration })
	if len(sockets) == 0 {
		return loop, nil, nil
	}
	server, err := serve.New(serve.Config{
		Source:    d.Store,
		Catalogue: x.Catalogue,
		URL:       x.URL,
		Key:       key,
		Folder:    filepath.Join(settings.Folder, packsFolder),
		Cache:     int64(settings.Cache),
		Notice:    loop.Notice,
		Now:       time.Now,
		Log:       d.Log,
	})
	return loop, server, err
}

// peersOf returns the declared peers.
func peersOf(cfg *config.Config) []store.Peer {
	peers := make([]store.Peer, len(cfg.Peers))
	for i, p := range cfg.Peers {
		peers[i] = store.Peer{URL: p.URL.String(), Key: p.Key, Trust: p.Trust, Introduces: p.Introduces}
	}
	return peers
}
