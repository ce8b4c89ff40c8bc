package database

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// A Location is what a database's URL names: one of the two.
type Location struct {
	File   string        // of SQLite
	Server *mysql.Config // and a database there
}

// forms are shown where a URL is not understood, instead of the URL itself,
// in which a password could stand anywhere.
const forms = "want sqlite:PATH or mysql://user:password@host:3306/name"

// CheckURL reports what is wrong with a database's URL, without opening it and
// without showing a password.
func CheckURL(url string) error {
	_, err := Locate(url)
	return err
}

// Locate reads a database's URL. Its errors show nothing that could be part
// of a password.
func Locate(text string) (Location, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	switch {
	case ok && scheme == "sqlite":
		path, err := parseSQLite(rest)
		return Location{File: path}, err
	case ok && scheme == "mysql":
		u, err := parseMySQL(text)
		if err != nil {
			return Location{}, err
		}
		c, err := serverConfig(u)
		return Location{Server: c}, err
	}
	if !strings.ContainsAny(text, ":@") {
		return Location{}, fmt.Errorf("database URL %q: %s", text, forms)
	}
	return Location{}, errors.New("database URL: it is of an unknown kind; " + forms)
}

func parseSQLite(path string) (string, error) {
	switch {
	case path == "", strings.HasSuffix(path, "/"), strings.ContainsRune(path, 0):
		return "", fmt.Errorf("database URL sqlite:%s: it names no file", path)
	case path == ":memory:":
		return "", errors.New("database URL sqlite::memory:: programs share a file; name one")
	case strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///"):
		rest := strings.TrimLeft(path, "/")
		return "", fmt.Errorf("database URL sqlite:%s: write sqlite:%s for a path from here, or sqlite:/%s for one from the root", path, rest, rest)
	}
	return filepath.Clean(path), nil
}

// parseMySQL splits a MySQL URL, and refuses those in which a password with
// unescaped characters could have been taken for another part.
func parseMySQL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Fragment != "" || strings.Contains(u.Path+u.RawQuery, "@") {
		return nil, errors.New("database URL mysql://...: it cannot be read; " + forms +
			", with characters such as @ / ? # % in the password written as %40 %2F %3F %23 %25")
	}
	return u, nil
}

// Redact returns a database's URL fit for logs: without its password, and
// without anything else where it cannot be told what the password is.
func Redact(text string) string {
	scheme, _, ok := strings.Cut(text, ":")
	switch {
	case ok && scheme == "sqlite":
		return text
	case ok && scheme == "mysql":
		u, err := parseMySQL(text)
		if err != nil {
			return "mysql://..."
		}
		u.RawQuery = ""
		return u.Redacted()
	}
	return "(a database URL of an unknown kind)"
}
