package store_test

import (
	"path/filepath"
	"testing"

	"mirrortracker/internal/store/storetest"
)

func freshSQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "var", "tracker.db")
}

func TestSQLite(t *testing.T) { storetest.Run(t, freshSQLite) }

func TestSQLiteManyAtOnce(t *testing.T) {
	for range 5 {
		storetest.Simultaneously(t, freshSQLite(t))
	}
}
