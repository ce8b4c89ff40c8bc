package testbed

import (
	"bytes"
	_ "embed"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// Digests are the two digests of a directory as 32 hex digits each, "" where absent.
type Digests struct {
	Blind, Exact string
}

//go:embed digests.sh
var digestsScript string

// ShellDigests computes the digests (docs/digest-v1.md) of a folder and of all folders
// below it with find, sort and md5sum alone: the independent check of the tracker's own
// code. Keys are raw paths from the folder: "/" for itself, else "/a/b". Hidden folders
// and what is below them are not listed.
//
// It sees the tree as an unprivileged server would: a directory that others may not list
// and enter, and every directory above it, has no digests. It takes some milliseconds a
// directory.
func ShellDigests(t testing.TB, dir string) map[string]Digests {
	t.Helper()
	all, err := shellDigests(dir)
	if err != nil {
		t.Fatalf("digests of %s: %v", dir, err)
	}
	return all
}

func shellDigests(dir string) (map[string]Digests, error) {
	cmd := exec.Command("bash", "-c", digestsScript, "digests.sh", dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.Bytes())
	}
	all := make(map[string]Digests)
	for record := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		fields := strings.SplitN(record, " ", 3)
		if len(fields) != 3 {
			return nil, fmt.Errorf("record %q has no three fields", record)
		}
		path := strings.TrimPrefix(fields[2], ".")
		if path == "" {
			path = "/"
		}
		all[path] = Digests{Blind: digest(fields[0]), Exact: digest(fields[1])}
	}
	return all, nil
}

func digest(field string) string {
	if field == "-" {
		return ""
	}
	return field
}
