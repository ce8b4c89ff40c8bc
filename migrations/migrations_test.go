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

func TestBothFoldersHoldTheSameNames(t *testing.T) {
	mysql, sqlite := files(t, MySQL, "mysql"), files(t, SQLite, "sqlite")
	if !slices.Equal(mysql, sqlite) {
		t.Errorf("mysql has %v, sqlite has %v", mysql, sqlite)
	}
}

func TestNumbersFollowEachOther(t *testing.T) {
	sound := regexp.MustCompile(`^[a-z0-9_]+\.sql$`)
	for i, name := range files(t, SQLite, "sqlite") {
		rest, ok := strings.CutPrefix(name, fmt.Sprintf("%05d_", i+1))
		if !ok || !sound.MatchString(rest) {
			t.Errorf("%s is not %05d_words.sql", name, i+1)
		}
	}
}

// A file that fails half-way must not leave anything behind, and MySQL commits
// after every statement that changes a table.
func TestOneStatementInAMySQLFile(t *testing.T) {
	comment := regexp.MustCompile(`(?m)--.*$`)
	for _, name := range files(t, MySQL, "mysql") {
		text, err := MySQL.ReadFile("mysql/" + name)
		if err != nil {
			t.Fatal(err)
		}
		bare := strings.TrimSpace(comment.ReplaceAllString(string(text), ""))
		if n := strings.Count(bare, ";"); n != 1 || !strings.HasSuffix(bare, ";") {
			t.Errorf("%s has %d statements", name, n)
		}
	}
}
