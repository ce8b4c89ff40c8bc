package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mirrortracker/internal/bench/run"
	"mirrortracker/internal/human"
	"mirrortracker/internal/testbed"
)

// A bench is one run.
type bench struct {
	run.Run
	options *runCommand

	root        string // what is served
	dir         string // of this run, not served
	certificate *tls.Certificate

	absent  map[string]string // why a server is not there
	results results
}

// What is served.
const (
	large   = "/large"
	once    = "/once"    // as large as the small ones
	small   = "/small"   // a directory
	entries = "/entries" // likewise

	smallSize = 4 << 10
)

// open makes what is served.
func (b *bench) open() (err error) {
	if b.root, err = b.Folder(); err != nil {
		return err
	}
	if b.dir, err = b.Folder(); err != nil {
		return err
	}
	authority, err := testbed.MakeAuthority()
	if err != nil {
		return err
	}
	if b.certificate, err = authority.Sign(time.Now().Add(time.Hour), "127.0.0.1"); err != nil {
		return err
	}
	errs := []error{fill(b.root+once, 1, smallSize)}
	if b.wants("download") || b.wants("slaves") || b.wants("four") {
		errs = append(errs, fill(b.root+large, b.options.MiB, 1<<20))
	}
	if b.wants("files") || b.wants("slaves") {
		errs = append(errs, os.Mkdir(b.root+small, 0o755))
		for i := range b.options.Files {
			errs = append(errs, fill(b.root+smallFile(i), 1, smallSize))
		}
	}
	if b.wants("list") {
		errs = append(errs, os.Mkdir(b.root+entries, 0o755))
		for i := range b.options.Entries {
			errs = append(errs, os.WriteFile(fmt.Sprintf("%s/package_%d.tar.gz", b.root+entries, i), nil, 0o644))
		}
	}
	b.Say("made what is served: a file of %d MiB, %s of 4 KiB, a directory of %s", b.options.MiB,
		human.Count(int64(b.options.Files)), human.Count(int64(b.options.Entries)))
	return errors.Join(errs...)
}

// smallFile is the path of one of the small files.
func smallFile(i int) string { return fmt.Sprintf("%s/%d", small, i) }

// fill writes a file of so many blocks, each the same and without any order, so that
// nothing on the way can make less of it.
func fill(path string, blocks, size int) error {
	block := make([]byte, size)
	rand.NewChaCha8([32]byte{byte(blocks)}).Read(block)
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	for range blocks {
		if _, err := file.Write(block); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return file.Close()
}

// file returns the path of a file in the folder of this run.
func (b *bench) file(name string) string {
	return filepath.Join(b.dir, strings.ReplaceAll(name, " ", "-"))
}
