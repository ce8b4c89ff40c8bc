package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
	"mirrortracker/internal/store/storetest"
	"mirrortracker/internal/testbed"
)

func TestMariaDB(t *testing.T) { storetest.Run(t, testbed.MariaDB) }

func TestMariaDBManyAtOnce(t *testing.T) {
	for range 3 {
		storetest.Simultaneously(t, testbed.MariaDB(t))
	}
}

func TestMariaDBRefuses(t *testing.T) {
	good, err := url.Parse(testbed.MariaDB(t))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := good.User.Password()
	wrong := *good
	wrong.User = url.UserPassword(good.User.Username(), secret)
	elsewhere := *good
	elsewhere.Path = "/mysql"
	missing := *good
	missing.Path = "/not_ours"
	for name, u := range map[string]*url.URL{"wrong password": &wrong, "not our database": &elsewhere, "no such database": &missing} {
		s, err := store.Open(t.Context(), u.String())
		if err == nil {
			s.Close()
			t.Errorf("%s: it was opened", name)
			continue
		}
		text := err.Error()
		if strings.Contains(text, secret) || strings.Contains(text, password) {
			t.Errorf("%s: the error shows the password: %s", name, text)
		}
		if !strings.Contains(text, good.Host) || !strings.Contains(text, "denied") {
			t.Errorf("%s: got %s", name, text)
		}
	}
}

// TestMariaDBSnapshotIsolation runs the contract on a server that refuses to
// change what has changed since the transaction looked, as later versions do
// from the start and as clusters do when a transaction commits.
func TestMariaDBSnapshotIsolation(t *testing.T) {
	server := testbed.StartMariaDB(t)
	admin(t, server, "SET GLOBAL innodb_snapshot_isolation = ON")
	storetest.Run(t, func(t testing.TB) string { return server.Database(t) })
}

// TestMariaDBServer needs a server of its own: it creates databases as its
// administrator, changes its settings, and kills it.
func TestMariaDBServer(t *testing.T) {
	server := testbed.StartMariaDB(t)
	at := func(name string) string {
		return fmt.Sprintf("mysql://root@localhost/%s?socket=%s", url.PathEscape(name), url.QueryEscape(server.Socket))
	}
	tree := storetest.Forest(digest.NewDigester(), 0, 1)

	t.Run("creates the database", func(t *testing.T) {
		for _, name := range []string{"new", "odd `name`-é"} {
			s := storetest.Open(t, at(name))
			if n, err := s.PutTrees(t.Context(), tree); n != 1 || err != nil {
				t.Errorf("%s: wrote %d, %v", name, n, err)
			}
		}
	})
	t.Run("knows the largest packet", func(t *testing.T) {
		admin(t, server, "SET GLOBAL max_allowed_packet = 1048576")
		s := storetest.Open(t, at("small"))
		fits, over := storetest.Noise(1, 1_000_000), storetest.Noise(2, 1_100_000)
		if n, err := s.PutTrees(t.Context(), []*digest.Tree{fits, storetest.Noise(3, 1_000_000)}); n != 2 || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
		_, err := s.PutTrees(t.Context(), []*digest.Tree{over})
		var large *store.TooLargeError
		if !errors.As(err, &large) || !strings.Contains(err.Error(), "max_allowed_packet") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("outlives its server", func(t *testing.T) {
		s := storetest.Open(t, at("crash"))
		if n, err := s.PutTrees(t.Context(), tree); n != 1 || err != nil {
			t.Fatalf("wrote %d, %v", n, err)
		}
		server.Kill()
		if err := s.Ping(t.Context()); err == nil {
			t.Error("a server that was killed answers")
		}
		if _, err := s.Current(t.Context()); err == nil {
			t.Error("a server that was killed answers")
		}
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		if n, err := s.PutTrees(t.Context(), tree); n != 0 || err != nil {
			t.Errorf("after the crash: wrote %d, %v", n, err)
		}
	})
}

// admin runs a statement as the server's administrator.
func admin(t *testing.T, server *testbed.MariaDBServer, statement string) {
	t.Helper()
	db, err := sql.Open("mysql", (&mysql.Config{
		User: "root", Net: "unix", Addr: server.Socket, AllowNativePasswords: true,
	}).FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
