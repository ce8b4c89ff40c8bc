package mirrors

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"
)

const secretWord = "s3same-0pen"

// passwordsAreSealed sees that a password is nowhere in clear, and who can open it.
func passwordsAreSealed(t *testing.T, url string) {
	file := filepath.Join(t.TempDir(), "new", "key")
	with := func(file string) func(*Config) { return func(c *Config) { c.Key = OpenKey(file) } }
	s, ctx := open(t, url, with(file)), t.Context()
	must(t, s.AddAlias(ctx, site("/a"), secretWord))
	must(t, s.AddAlias(ctx, site("/b"), secretWord))
	info, err := os.Stat(file)
	must(t, err)
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key has mode %o", info.Mode().Perm())
	}

	var sealed [][]byte
	must(t, s.db.Reader().SelectContext(ctx, &sealed, `SELECT password FROM ftp_aliases ORDER BY path`))
	if len(sealed) != 2 || bytes.Contains(sealed[0], []byte(secretWord)) || bytes.Equal(sealed[0], sealed[1]) {
		t.Errorf("sealed are %q", sealed)
	}
	a := s.View().At("/a")
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "alias", a)
	server, err := a.Server()
	must(t, err)
	text := fmt.Sprintf("%v %+v %#v %s %v %+v %#v", a, a, a, log.String(), server, server, server)
	if strings.Contains(text, secretWord) {
		t.Errorf("a password is printed: %s", text)
	}

	// Another master, with no key and with another one, and with a copy.
	other := filepath.Join(t.TempDir(), "key")
	second := open(t, url, with(other))
	_, err = second.View().At("/a").Server()
	want(t, "open without a key", err, ErrNoKey)
	want(t, "seal without the key of the others", second.AddAlias(ctx, site("/c"), ""), ErrNoKey)
	must(t, makeKey(other))
	_, err = second.View().At("/a").Server()
	want(t, "open with another key", err, ErrOtherKey)
	want(t, "have it sent elsewhere", second.ChangeAlias(ctx, "/a", nil, func(a *Alias) { a.Host = "evil.example" }), ErrOtherKey)
	text2, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(other, text2, 0o600))
	if server, err := second.View().At("/a").Server(); err != nil || server.Password != secretWord {
		t.Errorf("a copy of the key does not open it: %v", err)
	}

	// Somebody has written into the database.
	for what, statement := range map[string]string{
		"host": `UPDATE ftp_aliases SET host = 'evil.example'`,
		"swap": `UPDATE ftp_aliases SET host = 'ftp.example.org', path = '/x' WHERE path = '/a'`,
	} {
		must(t, s.db.Write(ctx, what, func(tx *sqlx.Tx) error {
			_, err := tx.ExecContext(ctx, statement)
			return err
		}))
		must(t, s.Refresh(ctx))
		for _, a := range s.View().Aliases() {
			if server, err := a.Server(); err == nil && (a.Host != "ftp.example.org" || a.Path == "/x") {
				t.Errorf("%s: the password would go to %s at %s", what, server, a.Path)
			}
		}
	}
}

// TestKeyFiles reads files that are no keys.
func TestKeyFiles(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"empty":    {"", 0o600, "it does not hold a key"},
		"short":    {"abcd\n", 0o600, "it does not hold a key"},
		"long":     {strings.Repeat("ab", 40000), 0o600, "it does not hold a key"},
		"readable": {strings.Repeat("ab", 32) + "\n", 0o644, "everybody on this machine may read"},
		"good":     {strings.Repeat("ab", 32) + "\n", 0o640, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key")
			must(t, os.WriteFile(file, []byte(c.text), c.mode))
			must(t, os.Chmod(file, c.mode))
			_, err := OpenKey(file).seal("x", "", true)
			if c.want == "" {
				must(t, err)
				return
			}
			wantText(t, name, err, c.want)
		})
	}
	if _, err := OpenKey("/proc/none").seal("x", "", true); err == nil {
		t.Error("a key is made where none can be")
	}
	damaged := OpenKey(filepath.Join(t.TempDir(), "key"))
	sealed, err := damaged.seal("x", "a", true)
	must(t, err)
	for _, b := range [][]byte{nil, sealed[:idLength], append(bytes.Clone(sealed[:len(sealed)-1]), 0)} {
		if _, err := damaged.open(b, "a"); err == nil {
			t.Errorf("%x was opened", b)
		}
	}
	if _, err := damaged.open(sealed, "b"); err == nil {
		t.Error("it was opened as that of another")
	}
}

func TestKeyFile(t *testing.T) {
	for url, want := range map[string]string{
		"sqlite:var/ftpd.db":                   "var/ftpd.secrets",
		"sqlite:/srv/x":                        "/srv/x.secrets",
		"mysql://user:password@host:3306/name": "var/ftpd.secrets",
	} {
		if got := KeyFile(url); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}
