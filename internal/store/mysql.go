package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jmoiron/sqlx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"mirrortracker/migrations"
)

// The server's error numbers that we tell apart
// (https://mariadb.com/kb/en/mariadb-error-code-reference/).
const (
	mysqlChanged         = 1020 // a row read before, with MariaDB's innodb_snapshot_isolation
	mysqlNoDatabase      = 1049
	mysqlDuplicate       = 1062
	mysqlLockWaitTimeout = 1205
	mysqlDeadlock        = 1213 // also a transaction that a cluster refused to commit
)

var mysqlDialect = &dialect{
	goose:      goose.DialectMySQL,
	migrations: sub(migrations.MySQL, "mysql"),
	locker: func() (lock.Locker, error) {
		return lock.NewMySQLTableLocker(
			// A minute in all; the lock of a process that died ends after half of that.
			lock.WithTableLockTimeout(200*time.Millisecond, 300),
			lock.WithTableLogger(slog.New(slog.DiscardHandler)),
		)
	},
	// Not UNIX_TIMESTAMP(NOW(3)), which is off for an hour a year in a zone
	// with summer time.
	now:   `(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)`,
	count: `ANALYZE NO_WRITE_TO_BINLOG TABLE trees, sites, site_urls, snapshots, crawls, progress, open_directories, leases, attempts, memories, suspects, collection, condemned, spared, peers, peer_refusals`,
	size: `
		SELECT COALESCE(SUM(data_length + index_length), 0)
		FROM information_schema.tables
		WHERE table_schema = DATABASE()`,
	skip: func(key string) string { return `ON DUPLICATE KEY UPDATE ` + key + ` = ` + key },
	upsert: func(_ string, set ...string) string {
		return "ON DUPLICATE KEY UPDATE " + assignments(set, "VALUES(%s)")
	},
	lost: func(err error) bool {
		switch mysqlNumber(err) {
		case mysqlChanged, mysqlDuplicate, mysqlLockWaitTimeout, mysqlDeadlock:
			return true
		}
		return false
	},
}

// A mysqlConfig is a server, a database there, and who we are.
type mysqlConfig struct{ *mysql.Config }

// mysqlServer reads the parts of a database's URL.
func mysqlServer(u *url.URL) (mysqlConfig, error) {
	refuse := func(format string, args ...any) (mysqlConfig, error) {
		return mysqlConfig{}, fmt.Errorf("database URL %s: %s", Redact(u.String()), fmt.Sprintf(format, args...))
	}
	c := mysql.NewConfig()
	c.Net = "tcp"
	c.Addr = net.JoinHostPort(u.Hostname(), "3306")
	if port := u.Port(); port != "" {
		c.Addr = net.JoinHostPort(u.Hostname(), port)
	}
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.DBName = strings.TrimPrefix(u.Path, "/")
	c.Timeout = 10 * time.Second
	c.ReadTimeout = 2 * time.Minute // longer than the server waits for a lock
	c.WriteTimeout = time.Minute
	c.MaxAllowedPacket = 0        // as the server says
	c.InterpolateParams = true    // one round trip for a statement, not three
	c.ParseTime = true            // for goose's lock; our own times are numbers
	c.Logger = &mysql.NopLogger{} // which would write to stderr
	c.Params = map[string]string{"sql_mode": "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"}
	for key, values := range u.Query() {
		switch value := values[0]; key {
		case "socket":
			c.Net, c.Addr = "unix", value
		case "tls":
			c.TLSConfig = value
		case "timeout":
			d, err := time.ParseDuration(value)
			if err != nil || d <= 0 {
				return refuse("timeout is not a duration such as 10s")
			}
			c.Timeout = d
		default:
			return refuse("option %q is not one of socket, tls, timeout", key)
		}
	}
	switch {
	case c.Net == "tcp" && u.Hostname() == "":
		return refuse("it names no host; " + forms)
	case c.User == "":
		return refuse("it names no user; " + forms)
	case c.DBName == "" || len(c.DBName) > 64 || strings.ContainsAny(c.DBName, "/\x00"):
		return refuse("it names no database; " + forms)
	}
	switch c.TLSConfig {
	case "", "true", "false", "skip-verify", "preferred":
	default:
		return refuse("tls is not one of true, false, skip-verify, preferred")
	}
	return mysqlConfig{c}, nil
}

func (c mysqlConfig) open(ctx context.Context, create bool) (*Store, error) {
	db, err := c.connect(ctx)
	if create && mysqlNumber(err) == mysqlNoDatabase {
		if err := c.create(ctx); err != nil {
			return nil, fmt.Errorf("the database does not exist, and to create it fails: %w", err)
		}
		db, err = c.connect(ctx)
	}
	if err != nil {
		return nil, err
	}
	var packet int
	if err := db.GetContext(ctx, &packet, `SELECT @@max_allowed_packet`); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(4)
	// So that connections spread again over a cluster when a node comes back.
	db.SetConnMaxLifetime(5 * time.Minute)
	if err := mysqlDialect.migrate(ctx, db.DB); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s := c.store(mysqlDB{db})
	s.maxPart = min(maxPart, max(packet-packetOverhead, 0))
	return s, nil
}

func (mysqlConfig) store(db database) *Store {
	return &Store{dialect: mysqlDialect, db: db, maxPart: maxPart}
}

// A mysqlDB is a database of a server, whose pool makes connections anew.
type mysqlDB struct{ *sqlx.DB }

func (db mysqlDB) use(_ context.Context, fn func(pools) error) error {
	return fn(pools{rw: db.DB, ro: db.DB})
}

// packetOverhead is what a statement needs beside a value that fills it.
const packetOverhead = 16 << 10

func (c mysqlConfig) connect(ctx context.Context) (*sqlx.DB, error) {
	connector, err := mysql.NewConnector(c.Config)
	if err != nil {
		return nil, err
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "mysql")
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// create creates the database, connected to none.
func (c mysqlConfig) create(ctx context.Context) error {
	server := mysqlConfig{c.Clone()}
	server.DBName = ""
	db, err := server.connect(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	name := "`" + strings.ReplaceAll(c.DBName, "`", "``") + "`"
	_, err = db.ExecContext(ctx, `CREATE DATABASE IF NOT EXISTS `+name+` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`)
	return err
}

func mysqlNumber(err error) uint16 {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return e.Number
	}
	return 0
}
