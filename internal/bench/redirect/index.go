package main

import (
	"context"
	"encoding/json"
	"log/slog"

	"mirrortracker/internal/bench/world"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/store"
)

// discard is the log of probes.
var discard = slog.New(slog.DiscardHandler)

// open loads the world.
func (c *probe) open(ctx context.Context) (params world.Params, live *resolver.Live, db *store.Store, err error) {
	if err := json.Unmarshal([]byte(c.World), &params); err != nil {
		return params, nil, nil, err
	}
	if db, err = store.Open(ctx, "sqlite:"+c.Database); err != nil {
		return params, nil, nil, err
	}
	live = resolver.NewLive(db, resolver.Options{Cache: c.Cache}, discard)
	return params, live, db, live.Check(ctx)
}

// index is open for those who do not change the world.
func (c *probe) index(ctx context.Context) (world.Params, *resolver.Index, error) {
	params, live, db, err := c.open(ctx)
	if err != nil {
		return params, nil, err
	}
	return params, live.Index(), db.Close()
}
