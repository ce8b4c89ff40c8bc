package database

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/testbed"
)

func freshSQLite(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "some.db") }

func open(t *testing.T, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), url, FTPServer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// A transaction that has lost is run again, and one that fails leaves nothing.
func TestTransactions(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"SQLite": freshSQLite, "MariaDB": testbed.MariaDB} {
		t.Run(name, func(t *testing.T) {
			db, ctx := open(t, url(t)), t.Context()
			add := func(tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, `INSERT INTO ftp_members (user_name, position, group_name) VALUES ('ann', 0, 'g')`)
				return err
			}
			runs := 0
			err := db.Write(ctx, "add", func(tx *sqlx.Tx) error {
				if runs++; runs == 1 {
					return errors.Join(add(tx), ErrOutrun)
				}
				return add(tx)
			})
			if err != nil || runs != 2 {
				t.Errorf("%d runs, %v", runs, err)
			}
			wrong := errors.New("wrong")
			err = db.Write(ctx, "remove", func(tx *sqlx.Tx) error {
				_, err := tx.ExecContext(ctx, `DELETE FROM ftp_members`)
				return errors.Join(err, wrong)
			})
			if !errors.Is(err, wrong) || !strings.HasPrefix(err.Error(), "remove: ") {
				t.Errorf("got %v", err)
			}
			var n int
			if err := db.Read(ctx, "count", func(tx *sqlx.Tx) error { return tx.GetContext(ctx, &n, `SELECT COUNT(*) FROM ftp_members`) }); err != nil || n != 1 {
				t.Errorf("%d rows, %v", n, err)
			}
			if err := db.Write(ctx, "again", add); err == nil {
				t.Error("added twice")
			}
		})
	}
}

// The server of the tests writes out once a second only.
func TestForgets(t *testing.T) {
	if why, err := open(t, freshSQLite(t)).Forgets(t.Context()); err != nil || why != "" {
		t.Errorf("SQLite: %q, %v", why, err)
	}
	if why, err := open(t, testbed.MariaDB(t)).Forgets(t.Context()); err != nil || !strings.Contains(why, "innodb_flush_log_at_trx_commit is 2") {
		t.Errorf("MariaDB: %q, %v", why, err)
	}
}
