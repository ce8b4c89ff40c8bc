package integration

import (
	"database/sql"
	"net/url"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	_ "modernc.org/sqlite"
)

// expireLeases lets all leases end now, as if their time were over.
func expireLeases(t *testing.T, database string) {
	t.Helper()
	driver, name := "sqlite", strings.TrimPrefix(database, "sqlite:")+"?_pragma=busy_timeout(10000)"
	if u, err := url.Parse(database); err == nil && u.Scheme == "mysql" {
		cfg := mysql.NewConfig()
		cfg.User, cfg.Net, cfg.Addr, cfg.DBName = u.User.Username(), "tcp", u.Host, strings.TrimPrefix(u.Path, "/")
		cfg.Passwd, _ = u.User.Password()
		driver, name = "mysql", cfg.FormatDSN()
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ended, err := db.ExecContext(t.Context(), "UPDATE leases SET expires_at = 1 WHERE expires_at > 1")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := ended.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%d leases ended, %v", n, err)
	}
}
