package matrix

import (
	"errors"
	"os"
	"path/filepath"
)

// A stock is what a server has, as its operator sees it. Paths are the server's.
type stock interface {
	makeDir(path string) error
	plant(path string, what []byte) error // as a file of the past, with the directories above it
	read(path string) ([]byte, error)
	remove(path string) error
	names(dir string) ([]string, error)
	// crowd makes a directory with many entries. What it returns takes them away.
	crowd(dir string, names []string) (forget func() error, err error)
}

// A folder is the stock of a server that serves one.
type folder string

func (f folder) disk(path string) string { return filepath.Join(string(f), path) }

func (f folder) makeDir(path string) error            { return os.Mkdir(f.disk(path), 0o755) }
func (f folder) plant(path string, what []byte) error { return plant(f.disk(path), what) }
func (f folder) read(path string) ([]byte, error)     { return os.ReadFile(f.disk(path)) }
func (f folder) remove(path string) error             { return os.Remove(f.disk(path)) }

func (f folder) names(dir string) (names []string, err error) {
	entries, err := os.ReadDir(f.disk(dir))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// crowd makes hard links to one file.
func (f folder) crowd(dir string, names []string) (forget func() error, err error) {
	first := f.disk(filepath.Join(dir, names[0]))
	errs := []error{plant(first, nil)}
	for _, name := range names[1:] {
		errs = append(errs, os.Link(first, f.disk(filepath.Join(dir, name))))
	}
	return func() error { return os.RemoveAll(f.disk(dir)) }, errors.Join(errs...)
}
