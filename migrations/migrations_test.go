package migrations

import (
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func files(t *testing.T, folder embed.FS, dir string) []string {
	t.Helper()
	entries, err := fs.ReadDir(folder, dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// schemas are the two databases, each with its folders.
var schemas = []struct {
	mysql, sqlite       embed.FS
	mysqlDir, sqliteDir string
}{
	{MySQL, SQLite, "mysql", "sqlite"},
	{FTPServerMySQL, FTPServerSQLite, "ftpd/mysql", "ftpd/sqlite"},
}

func TestBothFoldersHoldTheSameNames(t *testing.T) {
	for _, s := range schemas {
		mysql, sqlite := files(t, s.mysql, s.mysqlDir), files(t, s.sqlite, s.sqliteDir)
		if !slices.Equal(mysql, sqlite) {
			t.Errorf("%s has %v, %s has %v", s.mysqlDir, mysql, s.sqliteDir, sqlite)
		}
	}
}

func TestNumbersFollowEachOther(t *testing.T) {
	sound := regexp.MustCompile(`^[a-z0-9_]+\.sql$`)
	for _, s := range schemas {
		for i, name := range files(t, s.sqlite, s.sqliteDir) {
			rest, ok := strings.CutPrefix(name, fmt.Sprintf("%05d_", i+1))
			if !ok || !sound.MatchString(rest) {
				t.Errorf("%s/%s is not %05d_words.sql", s.sqliteDir, name, i+1)
			}
		}
	}
}

// A file that fails half-way must not leave anything behind, and MySQL commits
// after every statement that changes a table.
func TestOneStatementInAMySQLFile(t *testing.T) {
	comment := regexp.MustCompile(`(?m)--.*$`)
	for _, s := range schemas {
		for _, name := range files(t, s.mysql, s.mysqlDir) {
			text, err := s.mysql.ReadFile(s.mysqlDir + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			bare := strings.TrimSpace(comment.ReplaceAllString(string(text), ""))
			if n := strings.Count(bare, ";"); n != 1 || !strings.HasSuffix(bare, ";") {
				t.Errorf("%s/%s has %d statements", s.mysqlDir, name, n)
			}
		}
	}
}
