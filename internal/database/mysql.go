package database

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

// MySQL is the dialect of MySQL and MariaDB.
var MySQL = &Dialect{
	// Not UNIX_TIMESTAMP(NOW(3)), which is off for an hour a year in a zone
	// with summer time.
	Now:       `(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)`,
	ForUpdate: `FOR UPDATE`,
	Ignore:    func(key string) string { return `ON DUPLICATE KEY UPDATE ` + key + ` = ` + key },
	goose:     goose.DialectMySQL,
	locker: func(table string) (lock.Locker, error) {
		return lock.NewMySQLTableLocker(
			lock.WithTableName(table),
			// A minute in all; the lock of a process that died ends after half of that.
			lock.WithTableLockTimeout(200*time.Millisecond, 300),
			lock.WithTableLogger(slog.New(slog.DiscardHandler)),
		)
	},
	lost: func(err error) bool {
		switch mysqlNumber(err) {
		case mysqlChanged, mysqlDuplicate, mysqlLockWaitTimeout, mysqlDeadlock:
			return true
		}
		return false
	},
}

// serverConfig reads the parts of a database's URL.
func serverConfig(u *url.URL) (*mysql.Config, error) {
	refuse := func(format string, args ...any) (*mysql.Config, error) {
		return nil, fmt.Errorf("database URL %s: %s", Redact(u.String()), fmt.Sprintf(format, args...))
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
	return c, nil
}

// ConnectMySQL connects to a server's database, and with create makes it where it is not
// there.
func ConnectMySQL(ctx context.Context, c *mysql.Config, create bool) (*sqlx.DB, error) {
	db, err := connectMySQL(ctx, c)
	if create && mysqlNumber(err) == mysqlNoDatabase {
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
	return db, nil
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
