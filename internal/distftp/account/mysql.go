package account

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
	migrations: sub(migrations.FTPServerMySQL, "ftpd/mysql"),
	locker: func() (lock.Locker, error) {
		return lock.NewMySQLTableLocker(
			lock.WithTableName(lockTable),
			// A minute in all; the lock of a process that died ends after half of that.
			lock.WithTableLockTimeout(200*time.Millisecond, 300),
			lock.WithTableLogger(slog.New(slog.DiscardHandler)),
		)
	},
	locked: `FOR UPDATE`,
	lost: func(err error) bool {
		switch mysqlNumber(err) {
		case mysqlChanged, mysqlDuplicate, mysqlLockWaitTimeout, mysqlDeadlock:
			return true
		}
		return false
	},
}

// openMySQL takes a URL that has been checked.
func openMySQL(ctx context.Context, text string) (*Store, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, errors.New("it cannot be read") // the error would show the password
	}
	c := mysqlConfig(u)
	db, err := connectMySQL(ctx, c)
	if mysqlNumber(err) == mysqlNoDatabase {
		if err := createMySQL(ctx, c); err != nil {
			return nil, fmt.Errorf("the database does not exist, and to create it fails: %w", err)
		}
		db, err = connectMySQL(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(4)
	// So that connections spread again over a cluster when a node comes back.
	db.SetConnMaxLifetime(5 * time.Minute)
	if err := mysqlDialect.migrate(ctx, db.DB); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &Store{dialect: mysqlDialect, rw: db, ro: db}, nil
}

func mysqlConfig(u *url.URL) *mysql.Config {
	c := mysql.NewConfig()
	c.Net, c.Addr = "tcp", net.JoinHostPort(u.Hostname(), "3306")
	if port := u.Port(); port != "" {
		c.Addr = net.JoinHostPort(u.Hostname(), port)
	}
	c.User = u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.DBName = strings.TrimPrefix(u.Path, "/")
	c.Timeout = 10 * time.Second
	c.ReadTimeout = 2 * time.Minute // longer than the server waits for a lock
	c.WriteTimeout = time.Minute
	c.InterpolateParams = true    // one round trip for a statement, not three
	c.ParseTime = true            // for goose's lock; our own times are numbers
	c.Logger = &mysql.NopLogger{} // which would write to stderr
	c.Params = map[string]string{"sql_mode": "'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"}
	options := u.Query()
	c.TLSConfig = options.Get("tls")
	if socket := options.Get("socket"); socket != "" {
		c.Net, c.Addr = "unix", socket
	}
	if d, err := time.ParseDuration(options.Get("timeout")); err == nil {
		c.Timeout = d
	}
	return c
}

func connectMySQL(ctx context.Context, c *mysql.Config) (*sqlx.DB, error) {
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sqlx.NewDb(sql.OpenDB(connector), "mysql")
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// createMySQL creates the database, connected to none.
func createMySQL(ctx context.Context, c *mysql.Config) error {
	server := c.Clone()
	server.DBName = ""
	db, err := connectMySQL(ctx, server)
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
