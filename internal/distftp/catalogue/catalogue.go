package catalogue

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// Config is what a catalogue works with. DB and Log must be set.
type Config struct {
	DB     *database.DB
	Master string // the name of this master, for people; "": this is a program that looks, and may change names, but takes no uploads

	// Slaves does what only slaves can; nil: files cannot be copied, and there is no room.
	Slaves Slaves

	// Settle says whether the copies of a file at a path are to be looked at after it has
	// changed; then a job of the kind [SettleJob] is added in the same step. nil: never.
	Settle func(mirror.Path) bool

	CacheEntries int // how many entries are kept in memory; 0: 131,072
	Log          *slog.Logger
}

const defaultCacheEntries = 1 << 17

// Slaves does what a change of names needs slaves for.
type Slaves interface {
	// Duplicate has a slave prepare a copy of a file of its own. The flow counts.
	Duplicate(ctx context.Context, slave SlaveID, d wire.Duplicate, flow *data.Flow) (wire.Prepared, error)
	// Free returns how many bytes can still be stored in a directory.
	Free(ctx context.Context, p mirror.Path) (int64, error)
}

// A Catalogue is the file system of a master. Its methods may be called concurrently, and
// those of several masters on one database see to each other.
type Catalogue struct {
	config Config
	db     *database.DB
	id     atomic.Uint64 // this master's incarnation: the clock when it started

	nodes   *cache[nodeKey, *node]    // by their names; nil: there is none
	holders *cache[uint64, []SlaveID] // by the file

	queue queue
	tails tails
	ops   ops

	mu     sync.Mutex
	tick   uint64 // the clock, as of what is kept in memory
	others uint64 // how often it was another one than we had made it
}

// A nodeKey is where a name stands.
type nodeKey struct {
	parent uint64
	name   string
}

// Open makes a catalogue of what is in a database, for a master that starts now.
func Open(ctx context.Context, config Config) (*Catalogue, error) {
	entries := cmp.Or(config.CacheEntries, defaultCacheEntries)
	c := &Catalogue{
		config: config, db: config.DB,
		nodes:   newCache[nodeKey, *node](entries),
		holders: newCache[uint64, []SlaveID](entries),
		queue:   queue{turn: make(chan struct{}, 1)},
		tails:   tails{of: map[SlaveID]*tail{}},
		ops:     ops{busy: map[uint64]bool{}},
	}
	err := c.execute(ctx, "start the clock", `INSERT INTO ftp_clock (id, tick) VALUES (1, 1) `+c.db.Ignore("id"))
	if err == nil {
		err = c.refresh(ctx)
	}
	if err == nil {
		err = c.register(ctx)
	}
	if err == nil && config.Master != "" {
		err = c.warn(ctx)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// warn says in the log if the database does not keep what uploads are acknowledged by.
func (c *Catalogue) warn(ctx context.Context) error {
	why, err := c.db.Forgets(ctx)
	if why != "" {
		c.config.Log.Warn("uploads that were acknowledged can be lost", "why", why)
	}
	return err
}

// pollInterval is how often it is looked whether another master has changed something.
const pollInterval = 500 * time.Millisecond

// Run keeps what is in memory true, and this master known as one that lives, until ctx
// ends.
func (c *Catalogue) Run(ctx context.Context) error {
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	var reported time.Time
	for {
		select {
		case <-ctx.Done():
			return c.leave(context.WithoutCancel(ctx))
		case <-poll.C:
		}
		err := c.refresh(ctx)
		if err == nil && time.Since(reported) >= heartbeat {
			if err = c.beat(ctx); err == nil {
				reported = time.Now()
			}
		}
		if err != nil && ctx.Err() == nil {
			c.config.Log.Warn("the database is not to be had", "err", err)
		}
	}
}

// Forget drops what is kept in memory: a slave says that it is not so.
func (c *Catalogue) Forget() {
	c.nodes.clear()
	c.holders.clear()
}

// refresh looks whether another master has changed something.
func (c *Catalogue) refresh(ctx context.Context) error {
	var tick uint64
	if err := c.db.Reader().GetContext(ctx, &tick, `SELECT tick FROM ftp_clock WHERE id = 1`); err != nil {
		return fmt.Errorf("read the clock: %w", err)
	}
	c.mu.Lock()
	same := tick == c.tick
	c.mu.Unlock()
	if same {
		return nil
	}
	last, err := lastSeqs(ctx, c.db.Reader())
	if err != nil {
		return fmt.Errorf("read slaves: %w", err)
	}
	c.outdated(tick, last)
	return nil
}

// outdated takes over the state of the clock and of the slaves after somebody else's
// changes.
func (c *Catalogue) outdated(tick uint64, last map[SlaveID]uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if tick <= c.tick { // somebody was faster
		return
	}
	c.Forget()
	c.tick = tick
	c.others++
	c.tails.reach(last)
}

// Others returns a number that is another one whenever other masters, or other programs, have
// changed something.
func (c *Catalogue) Others() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.others
}

func lastSeqs(ctx context.Context, q sqlx.QueryerContext) (map[SlaveID]uint64, error) {
	var rows []struct {
		ID   SlaveID `db:"id"`
		Last uint64  `db:"last_seq"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, `SELECT id, last_seq FROM ftp_slaves`); err != nil {
		return nil, err
	}
	last := make(map[SlaveID]uint64, len(rows))
	for _, r := range rows {
		last[r.ID] = r.Last
	}
	return last, nil
}

// slaves returns the last intent of each slave.
func (c *Catalogue) slaves() map[SlaveID]uint64 { return maps.Clone(c.tails.last()) }
