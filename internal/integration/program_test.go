package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A tracker is the crawler program with a database and settings of its own, as an
// operator has it.
type tracker struct {
	program  string
	database string   // URL
	settings []string // TRACKER_KEY=value
	sites    []string // NAME=ADDRESS[/PATH], as declared
	more     string   // that is said of each of them in the configuration
}

// A crawled is what `crawler crawl --json` says of a site.
type crawled struct {
	Site        string
	Outcome     string
	Error       string
	Listing     string // how many directories by which strategy
	Directories int64
	Problems    []struct{ Path, Reason, Detail string }
}

// says is all that it says about what went wrong.
func (c *crawled) says() string {
	all := []string{c.Error}
	for _, p := range c.Problems {
		all = append(all, fmt.Sprintf("%s: %s: %s", p.Path, p.Reason, p.Detail))
	}
	return strings.Join(all, "\n")
}

// configuration writes the file that declares the sites.
func (k *tracker) configuration(dir string) error {
	var text strings.Builder
	for _, site := range k.sites {
		name, addr, _ := strings.Cut(site, "=")
		fmt.Fprintf(&text, "[[site]]\nname = %q\nurl = %q\n%s\n", name, "ftp://"+strings.TrimSuffix(addr, "/")+"/", k.more)
	}
	return os.WriteFile(filepath.Join(dir, "tracker.toml"), []byte(text.String()), 0o644)
}

// command is the program with arguments, in a folder with its configuration.
func (k *tracker) command(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, k.program, args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "TRACKER_DATABASE="+k.database), k.settings...)
	return cmd
}

// A run is what came of one run of the program.
type run struct {
	stdout, stderr bytes.Buffer
	code           int
	took           time.Duration
	peak           int64 // bytes of memory; 0 if it ended too soon to be looked at
}

// run runs the program to its end.
func (k *tracker) run(ctx context.Context, dir string, args ...string) (*run, error) {
	r := &run{}
	cmd := k.command(ctx, dir, args...)
	cmd.Stdout, cmd.Stderr = &r.stdout, &r.stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	peak := watchPeak(cmd.Process.Pid)
	err := cmd.Wait()
	r.took, r.peak, r.code = time.Since(began), peak(), cmd.ProcessState.ExitCode()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && ctx.Err() == nil && r.code >= 0 {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("%v: %w\n%s", args, err, r.stderr.Bytes())
	}
	return r, err
}

// crawl declares the sites and crawls them all.
func (k *tracker) crawl(ctx context.Context, dir string) (*run, map[string]*crawled, error) {
	if err := k.configuration(dir); err != nil {
		return nil, nil, err
	}
	if r, err := k.run(ctx, dir, "site", "apply", "tracker.toml"); err != nil || r.code != 0 {
		return nil, nil, fmt.Errorf("%v %s", err, &r.stderr)
	}
	r, err := k.run(ctx, dir, "crawl", "--json")
	if err != nil {
		return r, nil, err
	}
	var list []*crawled
	if err := json.Unmarshal(r.stdout.Bytes(), &list); err != nil {
		return r, nil, fmt.Errorf("%w in %q; %s", err, &r.stdout, &r.stderr)
	}
	sites := map[string]*crawled{}
	for _, c := range list {
		sites[c.Site] = c
	}
	return r, sites, nil
}

// digests returns the digests of all directories of a site, blind and exact, or
// none where it has no snapshot.
func (k *tracker) digests(ctx context.Context, dir, site string) (map[string]string, error) {
	r, err := k.run(ctx, dir, "digest", site, "-r")
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for line := range strings.Lines(r.stdout.String()) {
		// BLIND EXACT FILES DIRS BYTES PATH/
		field := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 6)
		if len(field) == 6 {
			all[field[5]] = field[0] + " " + field[1]
		}
	}
	return all, nil
}

// undigested is what stands for the digests of a directory that has none.
var undigested = strings.Repeat("-", 32) + " " + strings.Repeat("-", 32)

// watchPeak looks at a process's greatest memory until it has ended. The rusage
// of a child would do, did it not begin with the memory of the parent that it was
// forked from.
func watchPeak(pid int) (peak func() int64) {
	stop := make(chan struct{})
	var watching sync.WaitGroup
	var most int64
	watching.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			most = max(most, highWater(pid))
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	return func() int64 {
		close(stop)
		watching.Wait()
		return most
	}
}

// highWater reads VmHWM, which grows only.
func highWater(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(line), " kB"), 10, 64)
	return n << 10
}

// newTracker is a tracker on SQLite with settings for impatient tests.
func newTracker(t *testing.T, program string, settings ...string) *tracker {
	t.Helper()
	return &tracker{program: program, database: sqliteURL(t), settings: append([]string{
		"TRACKER_CRAWL_TIMEOUT=1s",
		"TRACKER_CRAWL_LISTING_TIMEOUT=2s",
		"TRACKER_CRAWL_RETRIES=2",
		"TRACKER_CRAWL_RETRY_PAUSE=10ms",
	}, settings...)}
}
