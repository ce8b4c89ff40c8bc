package testbed

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// bigTreeFan is how many folders a folder of a big tree holds.
const bigTreeFan = 20

// BigTree fills a folder with dirs folders below it, twenty in each, and filesPerDir
// small sparse files in every folder, the given one included. All folders differ in
// content. The tree is the same each time.
func BigTree(t testing.TB, dir string, dirs, filesPerDir int) {
	t.Helper()
	if err := bigTree(dir, dirs, filesPerDir); err != nil {
		t.Fatalf("write big tree: %v", err)
	}
}

func bigTree(dir string, dirs, filesPerDir int) error {
	modified := time.Date(2024, 1, 2, 12, 0, 0, 0, time.UTC)
	paths := make([]string, dirs+1)
	paths[0] = dir
	for i := range paths {
		if i > 0 {
			paths[i] = filepath.Join(paths[(i-1)/bigTreeFan], fmt.Sprintf("dir-%d", i))
			if err := os.Mkdir(paths[i], 0o755); err != nil {
				return err
			}
		}
		for k := range filesPerDir {
			path := filepath.Join(paths[i], fmt.Sprintf("file-%d-%d", i, k))
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				return err
			}
			if err := os.Truncate(path, int64(i+k)); err != nil {
				return err
			}
			if err := os.Chtimes(path, modified, modified); err != nil {
				return err
			}
		}
	}
	return nil
}
