package master

import (
	"testing"

	"mirrortracker/internal/distftp/overview"
)

// A slave that has nothing to tell for long is not shown as away by commands that know of it
// from the database.
func TestRecordedWhileRecent(t *testing.T) {
	if alive+recording >= overview.Recent {
		t.Errorf("a slave is recorded every %s, and counts as away after %s", alive+recording, overview.Recent)
	}
}
