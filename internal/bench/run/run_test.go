package run

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The last is done first, all of it although something fails, and once.
func TestEnd(t *testing.T) {
	var log, done strings.Builder
	r := Begin(&log)
	dir, err := r.Folder()
	if err != nil {
		t.Fatal(err)
	}
	failure := errors.New("failure")
	r.AtEnd(func() error { done.WriteString("first"); return nil })
	r.AtEnd(func() error { done.WriteString("last "); return failure })
	if err := r.End(); !errors.Is(err, failure) {
		t.Error(err)
	}
	if err := r.End(); err != nil || done.String() != "last first" {
		t.Errorf("%v, %s", err, done.String())
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dir, err)
	}
	r.Say("%d parts", 2)
	if text := log.String(); !strings.HasSuffix(text, "s  2 parts\n") {
		t.Errorf("%q", text)
	}
}

func TestParts(t *testing.T) {
	parts := []Part[int]{{Name: "one"}, {Name: "two"}}
	if err := Known([]string{"two", "one"}, parts); err != nil {
		t.Error(err)
	}
	if err := Known([]string{"two", "three"}, parts); err == nil || err.Error() != "there is no part three, but one, two" {
		t.Error(err)
	}
	if !Wants(nil, "one") || !Wants([]string{"two", "one"}, "one") || Wants([]string{"two"}, "one") {
		t.Error("not what was asked for")
	}
}

func TestPrograms(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("program", nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if path, err := Built("program", "program"); err != nil || !filepath.IsAbs(path) {
		t.Error(path, err)
	}
	if path, err := Installed("./program", "PROGRAM"); err != nil || !filepath.IsAbs(path) {
		t.Error(path, err)
	}
	if path, err := Installed("", "PROGRAM"); path != "" || err != nil {
		t.Error(path, err)
	}
	for _, absent := range []func() (string, error){
		func() (string, error) { return Built("", "no-such-program") },
		func() (string, error) { return Installed("no-such-program", "PROGRAM") },
	} {
		if path, err := absent(); err == nil {
			t.Error(path)
		}
	}
}
