package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"mirrortracker/internal/bench/process"
	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/bench/run"
	"mirrortracker/internal/human"
	"mirrortracker/internal/testbed"
)

// A scale is how a master with a large file system does.
type scale struct {
	Database  string  `json:"database"`
	Files     int     `json:"files"`
	Adopted   float64 `json:"adopted"`   // seconds until all that the slaves' folders have was taken in
	Unchanged float64 `json:"unchanged"` // seconds from the start of a slave that was stopped until it has joined
	Changed   float64 `json:"changed"`   // the same, where so much has changed meanwhile
	Changes   int     `json:"changes"`
	Listing   float64 `json:"listing"` // milliseconds for LIST of ten thousand entries, the median
	Memory    int64   `json:"memory"`  // of the master, bytes, the most that it was
}

// slavesAtScale hold a large file system together.
const slavesAtScale = 3

// perFolder is how many files are in one directory.
const perFolder = 1000

// scale measures a large file system, in each kind of database.
func (b *bench) scale(ctx context.Context) error {
	if err := b.scaleOn(ctx, "SQLite", ""); err != nil {
		return fmt.Errorf("SQLite: %w", err)
	}
	database, err := testbed.LaunchMariaDB()
	if err != nil {
		b.Say("without MariaDB: %v", err)
		return nil
	}
	defer database.Close()
	url, err := database.Create()
	if err != nil {
		return err
	}
	if err := b.scaleOn(ctx, "MariaDB", url); err != nil {
		return fmt.Errorf("MariaDB: %w", err)
	}
	return nil
}

func (b *bench) scaleOn(ctx context.Context, name, url string) (err error) {
	s := scale{Database: name, Files: b.options.Million}
	cluster, err := testbed.LaunchCluster(testbed.ClusterConfig{
		Program:  b.options.FTPD,
		Database: url,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	master := cluster.Masters[0]
	began := time.Now()
	for i := range slavesAtScale {
		folder, err := b.Folder()
		if err != nil {
			return err
		}
		if err := b.crowd(folder, i); err != nil {
			return err
		}
		b.Say("%s: %s files lie in the folder of slave %d", name, human.Count(int64(s.Files/slavesAtScale)), i+1)
		if i == 0 {
			began = time.Now()
		}
		if _, err := cluster.AddSlave(fmt.Sprint("slave", i+1), folder); err != nil {
			return err
		}
	}
	if err := await(ctx, time.Hour, func() error { return compared(master) }); err != nil {
		return err
	}
	s.Adopted = time.Since(began).Seconds()
	b.Say("%s: all were taken in after %.0f s", name, s.Adopted)

	c, err := testbed.DialFTP(nil, master.FTP(), cluster.User, cluster.Password)
	if err != nil {
		return err
	}
	defer c.Close()
	c.Patience = time.Minute
	one := cluster.Slaves[0]
	if s.Unchanged, err = rejoin(ctx, master, one, nil); err != nil {
		return err
	}
	s.Changes = s.Files / slavesAtScale / 100
	s.Changed, err = rejoin(ctx, master, one, func() error {
		for n := range s.Changes {
			if _, err := c.Do(250, "DELE %s", scaleFile(0, n)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.Say("%s: the first slave joins after %.2f s, and with %d changes after %.2f s", name, s.Unchanged, s.Changes, s.Changed)
	if s.Listing, err = listing(c, "/slave0/many", b.options.Entries); err != nil {
		return err
	}
	memory, err := process.Family(master.PID()).Memory()
	s.Memory = memory.Peak
	b.Say("%s: LIST takes %.1f ms, and the master has had %d MiB at most", name, s.Listing, s.Memory>>20)
	b.results.Scale = append(b.results.Scale, s)
	return err
}

// crowd makes the files of a slave, all empty, and in the first one's folder a large
// directory.
func (b *bench) crowd(folder string, slave int) error {
	if slave == 0 {
		dir := filepath.Join(folder, "slave0", "many")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		for i := range b.options.Entries {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("package_%d.tar.gz", i)), nil, 0o644); err != nil {
				return err
			}
		}
	}
	for i := range b.options.Million / slavesAtScale {
		path := folder + scaleFile(slave, i)
		if i%perFolder == 0 {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// scaleFile is the path of one of a slave's files.
func scaleFile(slave, i int) string {
	return fmt.Sprintf("/slave%d/folder_%d/file_%d.rpm", slave, i/perFolder, i)
}

// compared is an error until a master has compared all slaves with its database.
func compared(master *testbed.Member) error {
	text, err := master.Log()
	if n := bytes.Count(text, []byte("slave was compared")); err == nil && n < slavesAtScale {
		err = fmt.Errorf("%d of %d slaves are compared", n, slavesAtScale)
	}
	return err
}

// rejoin stops a slave, lets something happen, and returns how many seconds pass from its
// start until it takes part again, with all done that it has missed. It must not have to
// be compared.
func rejoin(ctx context.Context, master, slave *testbed.Member, meanwhile func() error) (seconds float64, err error) {
	slave.Stop()
	if meanwhile != nil {
		if err := meanwhile(); err != nil {
			return 0, err
		}
	}
	master.Mark()
	began := time.Now()
	if err := slave.Start(); err != nil {
		return 0, err
	}
	err = await(ctx, time.Minute, func() error {
		text, err := master.Log()
		if err == nil && !rejoined.Match(text) {
			err = errors.New("the slave has not joined, or not as it was")
		}
		return err
	})
	return time.Since(began).Seconds(), err
}

var rejoined = regexp.MustCompile("slave has joined.* unchanged=true")

// listings are how many LIST the figure is the median of: enough to outlast what the last
// join has left to do.
const listings = 101

// listing returns how many milliseconds a LIST takes, the median of some.
func listing(c *testbed.FTPClient, dir string, entries int) (float64, error) {
	var all []float64
	for range listings {
		began := time.Now()
		text, err := c.Fetch("LIST " + dir)
		if err != nil {
			return 0, err
		}
		all = append(all, time.Since(began).Seconds()*1e3)
		if got := bytes.Count(text, []byte("package_")); got != entries {
			return 0, fmt.Errorf("LIST %s: %d of %d entries", dir, got, entries)
		}
	}
	middle, _, _ := report.Median(all, func(ms float64) float64 { return ms })
	return middle, nil
}

// await repeats something until it succeeds.
func await(ctx context.Context, limit time.Duration, fn func() error) error {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for end := time.Now().Add(limit); ; <-again.C {
		if ctx.Err() != nil {
			return run.ErrInterrupted
		}
		if err := fn(); err == nil || time.Now().After(end) {
			return err
		}
	}
}
