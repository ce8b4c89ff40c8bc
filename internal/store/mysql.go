package store

import (
	"context"
	"errors"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/database"
)

var mysqlDialect = &dialect{
	Dialect: database.MySQL,
	count:   `ANALYZE NO_WRITE_TO_BINLOG TABLE trees, sites, site_urls, snapshots, crawls, progress, open_directories, leases, attempts, memories, suspects, collection, condemned, spared, peers, peer_refusals`,
	size: `
		SELECT COALESCE(SUM(data_length + index_length), 0)
		FROM information_schema.tables
		WHERE table_schema = DATABASE()`,
	upsert: func(_ string, set ...string) string {
		return "ON DUPLICATE KEY UPDATE " + assignments(set, "VALUES(%s)")
	},
}

// A mysqlConfig is a server, a database there, and who we are.
type mysqlConfig struct{ *mysql.Config }

func (c mysqlConfig) open(ctx context.Context, create bool) (*Store, error) {
	db, err := database.ConnectMySQL(ctx, c.Config, create)
	if err != nil {
		return nil, err
	}
	var packet int
	if err := db.GetContext(ctx, &packet, `SELECT @@max_allowed_packet`); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := database.MySQL.Migrate(ctx, db.DB, database.Tracker); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := c.store(mysqlDB{db})
	s.maxPart = min(maxPart, max(packet-packetOverhead, 0))
	return s, nil
}

func (mysqlConfig) store(db connections) *Store {
	return &Store{dialect: mysqlDialect, db: db, maxPart: maxPart}
}

// A mysqlDB is a database of a server, whose pool makes connections anew.
type mysqlDB struct{ *sqlx.DB }

func (db mysqlDB) use(_ context.Context, fn func(pools) error) error {
	return fn(pools{rw: db.DB, ro: db.DB})
}

// packetOverhead is what a statement needs beside a value that fills it.
const packetOverhead = 16 << 10
