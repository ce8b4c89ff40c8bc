package nearest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Databases are files in MaxMind's format that say where addresses are, kept as they are
// on the disk. What a file says of something goes before what those after it say.
type Databases struct {
	log   *slog.Logger
	atlas atomic.Pointer[Atlas]

	mu    sync.Mutex // held by Reload, guards the following
	files []watched
}

// A watched file is one of the databases.
type watched struct {
	path     string
	database *database   // in force; nil if there never was a sound one
	seen     os.FileInfo // the state of the file that was read last, nil for none
	failed   error       // why that state could not be read
}

// NewDatabases returns the databases of these files, of which none is read yet.
func NewDatabases(files []string, log *slog.Logger) *Databases {
	d := &Databases{log: log}
	for _, path := range files {
		d.files = append(d.files, watched{path: path})
	}
	d.atlas.Store(&Atlas{})
	return d
}

// Atlas returns what is in force. It is another one exactly when a file has changed.
func (d *Databases) Atlas() *Atlas { return d.atlas.Load() }

// Reload reads the files that are new or have changed. One that cannot be read stays in
// force as it was before, and is in the error, each time until it can.
func (d *Databases) Reload() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var failed []error
	next, news := &Atlas{}, false
	for i := range d.files {
		w := &d.files[i]
		changed, err := w.reload()
		if err != nil && w.database != nil {
			err = fmt.Errorf("%w; what was built on %s stays in force", err, w.database.reader.Metadata.BuildTime().UTC().Format(time.DateOnly))
		}
		if changed {
			news = true
			d.log.Info("database of addresses loaded", "file", w.path,
				"type", w.database.reader.Metadata.DatabaseType, "built", w.database.reader.Metadata.BuildTime())
		}
		if w.database != nil {
			next.databases = append(next.databases, w.database)
		}
		failed = append(failed, err)
	}
	if news {
		d.atlas.Store(next)
	}
	return errors.Join(failed...)
}

// reload reads the file if it is not as it was seen last.
func (w *watched) reload() (changed bool, err error) {
	info, err := os.Stat(w.path)
	if err != nil {
		w.seen = nil
		return false, err
	}
	if w.seen != nil && os.SameFile(w.seen, info) && w.seen.Size() == info.Size() && w.seen.ModTime().Equal(info.ModTime()) {
		return false, w.failed
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for somebody to write
		return false, fmt.Errorf("%s is no regular file", w.path)
	}
	database, info, err := open(w.path)
	w.seen, w.failed = info, err
	if err != nil {
		return false, err
	}
	w.database = database
	return true, nil
}

// Run looks for changes again and again, until ctx is done. That a file cannot be read
// is logged when it begins and when it ends.
func (d *Databases) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	before := ""
	for {
		err := d.Reload()
		switch {
		case err != nil && err.Error() != before:
			before = err.Error()
			d.log.Warn("databases of addresses cannot be read", "err", err)
		case err == nil && before != "":
			before = ""
			d.log.Info("databases of addresses can be read again")
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
