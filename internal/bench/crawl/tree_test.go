package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPlant(t *testing.T) {
	const folders = 200
	root := t.TempDir()
	began := time.Now()
	planted, err := plant(t.Context(), root, folders)
	if err != nil {
		t.Fatal(err)
	}
	dirs, files, deepest, old, recent := 0, 0, 0, 0, 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			dirs++
			deepest = max(deepest, strings.Count(strings.TrimPrefix(path, root), "/"))
			return nil
		}
		files++
		info, err := d.Info()
		if err != nil {
			return err
		}
		switch age := began.Sub(info.ModTime()); {
		case age > 200*24*time.Hour:
			old++
		case age > 0 && age < 160*24*time.Hour:
			recent++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if dirs != folders+1 || planted.dirs != int64(dirs) {
		t.Errorf("%d folders, %d told", dirs, planted.dirs)
	}
	if files < 9*folders || files > 11*folders {
		t.Errorf("%d files in %d folders", files, folders)
	}
	if deepest != 3 {
		t.Errorf("%d levels", deepest)
	}
	if old == 0 || recent == 0 || old+recent != files {
		t.Errorf("of %d files %d are old and %d are recent", files, old, recent)
	}
	if err := fell(root); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) > 0 {
		t.Errorf("%d names are left: %v", len(left), err)
	}
}
