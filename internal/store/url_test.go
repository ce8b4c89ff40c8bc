package store_test

import (
	"strings"
	"testing"

	"mirrortracker/internal/database"
	"mirrortracker/internal/store"
)

const secret = "hunter2"

// TestNoPasswordInErrors tries URLs that cannot be opened, most of them because
// the password was not escaped.
func TestNoPasswordInErrors(t *testing.T) {
	for _, url := range []string{
		"mysql://user:" + secret + "@127.0.0.1:1/name", // nobody listens
		"mysql://user:" + secret + "@no-such-host.invalid/name",
		"mysql://user:" + secret + "@127.0.0.1:99999/name",
		"mysql://user:" + secret + "@127.0.0.1:port/name",
		"mysql://user:" + secret + "@/name",
		"mysql://user:" + secret + "@127.0.0.1",
		"mysql://user:" + secret + "@127.0.0.1/",
		"mysql://user:" + secret + "@127.0.0.1/a/b",
		"mysql://:" + secret + "@127.0.0.1/name",
		"mysql://user:" + secret + "@127.0.0.1/name?sql_mode=x",
		"mysql://user:" + secret + "@127.0.0.1/name?timeout=never",
		"mysql://user:" + secret + "@127.0.0.1/name?tls=perhaps",
		"mysql://user:" + secret + "@127.0.0.1/name?password=" + secret,
		"mysql://user:" + secret + "@127.0.0.1/name#" + secret,
		"mysql://user:12/" + secret + "@127.0.0.1/name",
		"mysql://user:12?" + secret + "@127.0.0.1/name",
		"mysql://user:12#" + secret + "@127.0.0.1/name",
		"mysql://user:%zz" + secret + "@127.0.0.1/name",
		"mysql://user:@" + secret + "@127.0.0.1:1/name",
		"mysql://user:12 " + secret + "@127.0.0.1/name",
		"mysql:user:" + secret + "@127.0.0.1/name",
		"mysql:/user:" + secret + "@127.0.0.1/name",
		"MYSQL://user:" + secret + "@127.0.0.1/name",
		"postgres://user:" + secret + "@127.0.0.1/name",
		"user:" + secret + "@tcp(127.0.0.1)/name",
		"user@" + secret,
	} {
		s, err := store.Open(t.Context(), url)
		if err == nil {
			s.Close()
			t.Errorf("%s was opened", url)
			continue
		}
		if text := err.Error(); strings.Contains(text, secret) || !strings.Contains(text, "database") {
			t.Errorf("%s: %s", url, text)
		}
		if text := database.Redact(url); strings.Contains(text, secret) {
			t.Errorf("%s: redacted to %s", url, text)
		}
	}
}

func TestRedact(t *testing.T) {
	for url, want := range map[string]string{
		"sqlite:var/a@b:c.db":                            "sqlite:var/a@b:c.db",
		"mysql://user@db.example/name":                   "mysql://user@db.example/name",
		"mysql://user:p%40ss@db.example:3307/n?tls=true": "mysql://user:xxxxx@db.example:3307/n",
		"mysql://user:p/ss@db.example/n":                 "mysql://...",
		"":                                               "(a database URL of an unknown kind)",
	} {
		if got := database.Redact(url); got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
}

// FuzzRedact looks for a password that comes through between others' characters.
func FuzzRedact(f *testing.F) {
	f.Add("user:", "@db.example/name")
	f.Add("", "/x@db.example/name?y")
	f.Add("1?", "#@")
	f.Fuzz(func(t *testing.T, before, after string) {
		const long = "correcthorsebattery"
		if strings.Contains(before, "@") || !strings.Contains(after, "@") || !strings.Contains(before, ":") {
			return // it does not stand where a password does
		}
		if got := database.Redact("mysql://" + before + long + after); strings.Contains(got, long) {
			t.Errorf("%q", got)
		}
	})
}
