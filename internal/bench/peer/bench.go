package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"mirrortracker/internal/bench/process"
	"mirrortracker/internal/bench/run"
	"mirrortracker/internal/bench/world"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// A bench is one run.
type bench struct {
	run.Run
	options *runCommand

	dir     string // of this run
	written world.Written
	sites   []mirror.Site // the mirrors
	figures []figure
}

// open writes the archive, as if it had been crawled on each of its mirrors.
func (b *bench) open(ctx context.Context) (err error) {
	if b.dir, err = b.Folder(); err != nil {
		return err
	}
	db, err := store.Open(ctx, b.exporter())
	if err != nil {
		return err
	}
	p := b.options.params()
	b.written, err = p.WriteMirrors(ctx, db, b.Say)
	b.sites = p.Tracked()[:b.written.Sites]
	return errors.Join(err, db.Close())
}

// exporter is the URL of the database of who has crawled.
func (b *bench) exporter() string { return "sqlite:" + b.file("exporter.db") }

func (b *bench) file(name string) string { return filepath.Join(b.dir, name) }

// A cost is what a program took.
type cost struct {
	time   time.Duration
	memory int64 // at its peak, in bytes
}

// crawler runs the crawler on a database, and reads into answer what it says.
func (b *bench) crawler(ctx context.Context, database string, answer any, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, b.options.Crawler, append(args, "--json", "--log-level=warn")...)
	cmd.Dir = b.dir // where there is no configuration
	cmd.Env = append(os.Environ(),
		"TRACKER_CONFIG=", "TRACKER_DATABASE="+database, "TRACKER_PEERS_NAME=bench", "TRACKER_PEERS_KEY="+b.file("key"),
		"TRACKER_PEERS_MAX_AGE=87600h") // the archive's dates are always the same
	var out, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failed
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, err
	}
	ended := make(chan struct{})
	peak := make(chan int64)
	go func() { peak <- watch(process.Family(cmd.Process.Pid), ended) }()
	err := cmd.Wait()
	used := cost{time: time.Since(began)}
	close(ended)
	used.memory = <-peak
	if err != nil {
		return cost{}, fmt.Errorf("crawler %v: %w: %s", args, err, failed.Bytes())
	}
	return used, json.Unmarshal(out.Bytes(), answer)
}

// watch looks at a process until it has ended, and returns the most memory that it had.
// What the system says in the end (getrusage(2)) counts that of the process that has
// started it, too.
func watch(p process.Family, ended <-chan struct{}) (peak int64) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return peak
		case <-tick.C:
			if now, err := p.Memory(); err == nil {
				peak = max(peak, now.Peak)
			}
		}
	}
}

// A packed is what was exported.
type packed struct {
	Trees int64  `json:"trees"`
	Size  int64  `json:"size"`
	Key   string `json:"key"`
	cost  cost
}

// export writes the pack of a mirror, which may build upon other snapshots.
func (b *bench) export(ctx context.Context, site int, file string, bases ...string) (p packed, err error) {
	args := []string{"pack", "export", b.sites[site].Name, b.file(file)}
	for _, base := range bases {
		args = append(args, "--base", base)
	}
	p.cost, err = b.crawler(ctx, b.exporter(), &p, args...)
	return p, err
}
