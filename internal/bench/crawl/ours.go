package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"mirrortracker/internal/bench/link"
)

// crawlerProgram is the name of the program that all of this is about.
const crawlerProgram = "crawler"

// A crawler is that program as it is measured.
type crawler struct {
	path string
	dir  string        // for its database
	most time.Duration // that a crawl may take
}

// A summary is what it says of a tree, as in the JSON of its command digest.
type summary struct {
	Blind *string `json:"blind"` // nil where it is not known
	Exact *string `json:"exact"`
	Files int64   `json:"files"`
	Dirs  int64   `json:"dirs"`
	Bytes int64   `json:"bytes"`
}

// outcome is what it says of a crawl, as in the JSON of its command crawl.
type outcome struct {
	Outcome string `json:"outcome"`
	Error   string `json:"error"`
	Dirs    int64  `json:"directories"` // without the root
}

// ours is how the table calls it.
func ours(connections int) string {
	if connections == 1 {
		return "crawler, 1 connection"
	}
	return fmt.Sprintf("crawler, %d connections", connections)
}

// defaultConnections is what the crawler's configuration has unless told otherwise.
const defaultConnections = 2

// measure crawls a server's tree into a fresh database. The crawl is wrong, which is
// an error, if its digests are not those of the tree.
func (c *crawler) measure(ctx context.Context, from *link.Network, s *server, connections int) (m measurement, err error) {
	dir, err := os.MkdirTemp(c.dir, "crawl-")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	config := filepath.Join(dir, "tracker.toml")
	text := fmt.Sprintf("database = %q\n[crawl]\nconnections = %d\n", "sqlite:"+filepath.Join(dir, "tracker.db"), connections)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		return m, err
	}
	var added any
	if _, err := c.run(ctx, from, &added, "site", "add", "bench", "ftp://"+s.addr+"/", "--config", config); err != nil {
		return m, err
	}
	var outcomes []outcome
	used, err := c.run(ctx, from, &outcomes, "crawl", "bench", "--config", config)
	if len(outcomes) != 1 {
		return m, errors.Join(fmt.Errorf("%s: the crawl has no outcome", s.name), err)
	}
	crawled := outcomes[0]
	m = measurement{Client: ours(connections), Dirs: crawled.Dirs + 1, Seconds: used.took.Seconds(), Whole: used.whole, Peak: used.peak}
	if !used.whole {
		return m, nil
	}
	if err != nil || crawled.Outcome != "complete" {
		return m, errors.Join(fmt.Errorf("%s: the crawl is %s: %s", s.name, crawled.Outcome, crawled.Error), err)
	}
	var found []summary
	if _, err := c.run(ctx, from, &found, "digest", "bench", "--config", config); err != nil {
		return m, err
	}
	if err := s.tree.truth.check(found); err != nil {
		return m, fmt.Errorf("%s: the crawl is wrong: %w", s.name, err)
	}
	return m, nil
}

// read digests a tree from the disk.
func (c *crawler) read(ctx context.Context, in *link.Network, t *tree) error {
	var found []summary
	if _, err := c.run(ctx, in, &found, "digest", "--local", t.root); err != nil {
		return err
	}
	if len(found) != 1 || found[0].Blind == nil || found[0].Exact == nil || found[0].Dirs+1 != t.dirs {
		return fmt.Errorf("the digest of the generated tree is not as it should be: %+v", found)
	}
	t.truth = found[0]
	return nil
}

// run runs one command of the crawler, and reads its JSON.
func (c *crawler) run(ctx context.Context, in *link.Network, result any, args ...string) (usage, error) {
	cmd := command{
		args:   append([]string{c.path, "--json"}, args...),
		env:    []string{"TRACKER_CONFIG="},
		in:     in,
		window: c.most,
		end:    syscall.SIGTERM, // it then tells how far it came
		read: func(r io.Reader) error {
			err := json.NewDecoder(r).Decode(result)
			io.Copy(io.Discard, r)
			return err
		},
	}
	return cmd.run(ctx)
}

// check compares what a crawl found with the tree itself. The exact digest may be
// unknown, where a server does not tell all that it needs, but must not be another.
func (want summary) check(found []summary) error {
	if len(found) != 1 {
		return fmt.Errorf("it has %d roots", len(found))
	}
	got := found[0]
	var wrong []string
	differs := func(what string, got, want any) {
		wrong = append(wrong, fmt.Sprintf("%s %v instead of %v", what, got, want))
	}
	for _, n := range []struct {
		what      string
		got, want int64
	}{{"directories", got.Dirs, want.Dirs}, {"files", got.Files, want.Files}} {
		if n.got != n.want {
			differs(n.what, n.got, n.want)
		}
	}
	if got.Blind == nil {
		differs("blind digest", "unknown", *want.Blind)
	} else if *got.Blind != *want.Blind {
		differs("blind digest", *got.Blind, *want.Blind)
	}
	if got.Exact != nil && *got.Exact != *want.Exact {
		differs("exact digest", *got.Exact, *want.Exact)
	}
	if wrong != nil {
		return errors.New(strings.Join(wrong, ", "))
	}
	return nil
}
