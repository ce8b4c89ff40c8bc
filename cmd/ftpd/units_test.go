package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirrortracker/internal/testbed"
)

// The units for systemd are understood by it, and run commands that there are.
func TestUnits(t *testing.T) {
	t.Parallel()
	analyze := testbed.Need(t, "systemd-analyze")
	self, err := exec.LookPath("ftpd")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	units, err := filepath.Glob("../../contrib/systemd/ftpd*")
	if err != nil || len(units) != 5 {
		t.Fatalf("%q, %v", units, err)
	}
	args := []string{"verify"}
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(dir, filepath.Base(unit))
		if err := os.WriteFile(copied, []byte(strings.ReplaceAll(string(text), "/usr/local/bin/ftpd", self)), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, copied)
	}
	if out, err := exec.Command(analyze, args...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze %v: %v: %s", args, err, out)
	}
}
