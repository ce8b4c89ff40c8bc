package testbed

import (
	"database/sql"
	"net/url"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// open connects to the database that a URL names.
func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr = "tcp", u.Host
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	cfg.DBName = u.Path[1:]
	cfg.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

func TestMariaDBGivesSeparateDatabases(t *testing.T) {
	first, second := MariaDB(t), MariaDB(t)
	if first == second {
		t.Fatalf("both are %s", first)
	}
	for _, dsn := range []string{first, second} {
		db := open(t, dsn)
		if _, err := db.Exec("CREATE TABLE t (n INT) ENGINE=InnoDB"); err != nil {
			t.Fatal(err)
		}
	}
	u, _ := url.Parse(second)
	if _, err := open(t, first).Exec("SELECT * FROM " + u.Path[1:] + ".t"); err == nil {
		t.Error("one test's user reads another's database")
	}
}

func TestMariaDBKeepsDataOverACrash(t *testing.T) {
	s := StartMariaDB(t)
	db := open(t, s.Database(t))
	for _, statement := range []string{"CREATE TABLE t (n INT) ENGINE=InnoDB", "INSERT INTO t VALUES (7)"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	s.Kill()
	if err := db.Ping(); err == nil {
		t.Fatal("answers after Kill")
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := db.QueryRow("SELECT n FROM t").Scan(&n); err != nil || n != 7 {
		t.Errorf("got %d, %v", n, err)
	}
}
