package testbed

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
)

func TestLaunchFTP(t *testing.T) {
	Need(t, "root")
	Need(t, "pyftpdlib")
	if _, err := LaunchFTP("no-such-server", FTPConfig{Root: Dir(t)}); err == nil {
		t.Error("a server that nobody knows was started")
	}
	s, err := LaunchFTP("pyftpdlib", FTPConfig{Root: Dir(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.greeted(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder of a closed server: %v", err)
	}
	if err := s.greeted(); err == nil {
		t.Error("a closed server greets")
	}
}

func TestFindNamesTheRemedy(t *testing.T) {
	_, err := Find("no-such-program")
	if err == nil || !strings.Contains(err.Error(), "missing no-such-program") || !strings.Contains(err.Error(), depsRemedy) {
		t.Errorf("the error is %v", err)
	}
}
