package mirrors

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
)

// Config is what a store works with. DB and Key must be set.
type Config struct {
	DB  *database.DB // the FTP server's; it stays the caller's
	Key *Key

	// Auto are directories that the configuration binds to whoever the tracker knows.
	Auto []mirror.Path

	// Ours reports whether a server is this one, or another that serves the same files: so
	// that circles are found. nil: that is not known.
	Ours func(ctx context.Context, host string, port uint16) bool

	// Answer says how this server has to do with foreign ones, when somebody asks; nil: this
	// is no server.
	Answer func() State
	Server string // the server's name, for people; "": its machine and process

	Log *slog.Logger // nil: none
}

// A Store is the FTP server's database, as far as it is about mirrors. Its methods may be
// called concurrently, and those of several processes on one database see to each other.
type Store struct {
	config Config
	db     *database.DB
	log    *slog.Logger
	view   atomic.Pointer[View]
	asked  uint64 // the last question that was seen; of Run

	reading sync.Mutex // so that no view is replaced by one that was read before it
}

// Open reads what there is.
func Open(ctx context.Context, config Config) (*Store, error) {
	s := &Store{config: config, db: config.DB, log: config.Log}
	s.config.Server = cmp.Or(config.Server, processName())
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	err := s.db.Write(ctx, "start the mirrors' clock", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO ftp_mirrors_clock (id, version, asked) VALUES (1, 1, 0) `+s.db.Ignore("id"))
		return err
	})
	if err == nil {
		err = s.Refresh(ctx)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// View returns what there is, no older than a little more than a second while [Store.Run]
// runs. It costs nothing.
func (s *Store) View() *View { return s.view.Load() }

// pollInterval is how often it is looked whether something was changed.
const pollInterval = time.Second

// Run keeps the view true, and answers questions about this server's connections, until
// ctx ends.
func (s *Store) Run(ctx context.Context) error {
	if s.config.Answer != nil {
		if err := s.enlist(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("cannot be asked about connections to mirrors", "err", err)
		}
		defer func() {
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), pollInterval)
			defer cancel()
			_ = s.leave(last) // if that fails, whoever asks finds out
		}()
	}
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-poll.C:
		}
		if err := s.look(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("cannot look for changes of mirrors", "err", err)
		}
	}
}

// A clock is what changes when something else does.
type clock struct {
	Version uint64 `db:"version"`
	Asked   uint64 `db:"asked"`
}

func readClock(ctx context.Context, q sqlx.QueryerContext) (c clock, err error) {
	err = sqlx.GetContext(ctx, q, &c, `SELECT version, asked FROM ftp_mirrors_clock WHERE id = 1`)
	return c, err
}

// look reads the clock, and what has changed since it was last read.
func (s *Store) look(ctx context.Context) error {
	now, err := readClock(ctx, s.db.Reader())
	if err != nil {
		return fmt.Errorf("read the mirrors' clock: %w", err)
	}
	if now.Version != s.View().Version {
		if err := s.Refresh(ctx); err != nil {
			return err
		}
	}
	if now.Asked != s.asked && s.config.Answer != nil {
		if err := s.answer(ctx, now.Asked); err != nil {
			return err
		}
	}
	s.asked = now.Asked
	return nil
}

// Refresh makes the view that of the database now.
func (s *Store) Refresh(ctx context.Context) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	return s.db.Read(ctx, "read mirrors", func(tx *sqlx.Tx) error {
		v, err := s.read(ctx, tx)
		if err == nil {
			s.view.Store(v)
		}
		return err
	})
}

// read makes a view in a transaction.
func (s *Store) read(ctx context.Context, tx *sqlx.Tx) (*View, error) {
	now, err := readClock(ctx, tx)
	if err != nil {
		return nil, err
	}
	aliases, err := s.readAliases(ctx, tx)
	if err != nil {
		return nil, err
	}
	entries, err := readEntries(ctx, tx, aliases)
	if err != nil {
		return nil, err
	}
	bindings, err := s.readBindings(ctx, tx, entries)
	if err != nil {
		return nil, err
	}
	return newView(now.Version, aliases, entries, bindings), nil
}

func (s *Store) readAliases(ctx context.Context, tx *sqlx.Tx) ([]*Alias, error) {
	var rows []struct {
		Path      []byte `db:"path"`
		Host      string `db:"host"`
		Port      uint16 `db:"port"`
		Login     []byte `db:"login"`
		Password  []byte `db:"password"`
		Root      []byte `db:"root"`
		TLS       string `db:"tls"`
		Limit     int    `db:"connections"`
		Tunnel    bool   `db:"tunnel"`
		Epoch     int    `db:"epoch"`
		Abilities string `db:"abilities"`
	}
	err := tx.SelectContext(ctx, &rows, `
		SELECT path, host, port, login, password, root, tls, connections, tunnel, epoch, abilities
		FROM ftp_aliases`)
	if err != nil {
		return nil, err
	}
	all := make([]*Alias, len(rows))
	for i, r := range rows {
		a := &Alias{
			Path: mirror.Path(r.Path), Host: r.Host, Port: r.Port, User: string(r.Login), Root: mirror.Path(r.Root),
			TLS: ftpconn.TLSMode(r.TLS), Limit: r.Limit, Tunnel: r.Tunnel, Epoch: r.Epoch,
			sealed: r.Password, key: s.config.Key,
		}
		if err := json.Unmarshal([]byte(r.Abilities), &a.Abilities); err != nil {
			return nil, fmt.Errorf("abilities of %s: %w", a.Path, err)
		}
		all[i] = a
	}
	return all, nil
}

func readEntries(ctx context.Context, tx *sqlx.Tx, aliases []*Alias) ([]*Entry, error) {
	at := make(map[mirror.Path]*Alias, len(aliases))
	for _, a := range aliases {
		at[a.Path] = a
	}
	var rows []struct {
		ID      int    `db:"id"`
		Alias   []byte `db:"alias"`
		Weight  int    `db:"weight"`
		Default bool   `db:"is_default"`
	}
	err := tx.SelectContext(ctx, &rows, `SELECT id, alias, weight, is_default FROM ftp_mirrors ORDER BY id, position`)
	if err != nil {
		return nil, err
	}
	var all []*Entry
	for _, r := range rows {
		m := &Member{Alias: at[mirror.Path(r.Alias)], Weight: r.Weight, Default: r.Default}
		if m.Alias == nil && len(r.Alias) > 0 {
			return nil, fmt.Errorf("member %s of mirror entry %d: %w", r.Alias, r.ID, ErrNoAlias)
		}
		if len(all) == 0 || all[len(all)-1].ID != r.ID {
			all = append(all, &Entry{ID: r.ID})
		}
		e := all[len(all)-1]
		e.Members = append(e.Members, m)
	}
	return all, nil
}

// readBindings reads those of the database, which go before those of the configuration.
func (s *Store) readBindings(ctx context.Context, tx *sqlx.Tx, entries []*Entry) ([]*Binding, error) {
	of := make(map[int]*Entry, len(entries))
	for _, e := range entries {
		of[e.ID] = e
	}
	var rows []struct {
		Dir    []byte `db:"dir"`
		Mirror int    `db:"mirror"`
		URL    string `db:"url"`
	}
	if err := tx.SelectContext(ctx, &rows, `SELECT dir, mirror, url FROM ftp_mirrored`); err != nil {
		return nil, err
	}
	var all []*Binding
	for _, dir := range s.config.Auto {
		all = append(all, &Binding{Dir: dir, Configured: true})
	}
	for _, r := range rows {
		b := &Binding{Dir: mirror.Path(r.Dir), Entry: of[r.Mirror], URL: r.URL}
		if r.Mirror != auto && b.Entry == nil {
			return nil, fmt.Errorf("directory %s: mirror entry %d: %w", b.Dir, r.Mirror, ErrNoEntry)
		}
		all = append(all, b)
	}
	return all, nil
}

// auto stands in place of a MirrorID for whoever the tracker knows.
const auto = 0

// Learn notes what a server was found to allow, at all aliases for it.
func (s *Store) Learn(ctx context.Context, server foreign.Server, abilities foreign.Abilities) error {
	text, err := json.Marshal(abilities)
	if err != nil {
		return err
	}
	return s.change(ctx, "note a mirror's abilities", func(t *change) error {
		return t.exec(`UPDATE ftp_aliases SET abilities = ? WHERE host = ? AND port = ? AND login = ? AND tls = ?`,
			string(text), server.Host, server.Port, []byte(server.User), string(server.TLS))
	})
}
