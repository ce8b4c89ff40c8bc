package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tracker.db")
	if err := os.Mkdir(path, 0o755); err != nil { // which is no database
		t.Fatal(err)
	}
	s, err := OpenLater("sqlite:" + path)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "open database sqlite:"+path) {
			t.Errorf("without a database: %v", err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("without a file: %v", err)
	}
	made, err := Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Close(); err != nil {
		t.Fatal(err)
	}
	if sites, err := s.Sites(t.Context()); err != nil || len(sites) != 0 {
		t.Errorf("once it can be opened: %v, %v", sites, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("it is used when it is closed")
	}
	if _, err := OpenLater("nothing"); err == nil {
		t.Error("a URL of nothing is taken")
	}
}

func TestCloseBeforeItIsOpened(t *testing.T) {
	s, err := OpenLater("sqlite:" + filepath.Join(t.TempDir(), "tracker.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Ping(t.Context()); err == nil {
		t.Error("it is opened when it is closed")
	}
}
