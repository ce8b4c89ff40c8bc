package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mirrortracker/internal/bench/process"
	"mirrortracker/internal/bench/run"
)

// A server is one that is loaded.
type server struct {
	name      string
	addr      string // host:port
	paths     string // file of what it is asked for
	processes []*process.Process
}

// cpu is what all of its processes have taken of the processors.
func (s *server) cpu() (sum time.Duration, err error) {
	for _, p := range s.processes {
		used, err := p.Family().CPU()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// stop ends all of its processes, the last started first.
func (s *server) stop() (err error) {
	for i := len(s.processes) - 1; i >= 0; i-- {
		err = errors.Join(err, s.processes[i].Stop())
	}
	s.processes = nil
	return err
}

// startBare starts the server that knows nothing.
func (b *bench) startBare(context.Context) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p, err := process.Start(b.file("bare.log"), nil, self, "bare")
	if err != nil {
		return nil, err
	}
	s := &server{name: bare, processes: []*process.Process{p}}
	err = p.Await(10*time.Second, func() (err error) {
		s.addr, err = p.Announced("http://")
		return err
	})
	return s, err
}

// startRedirector starts the redirector on a database, and waits until it has all sites.
// It is ready before that, as soon as it has any.
func (b *bench) startRedirector(ctx context.Context, database string) (s *server, took time.Duration, err error) {
	config := b.file("tracker.toml")
	if err := os.WriteFile(config, []byte(b.configuration(database)), 0o644); err != nil {
		return nil, 0, err
	}
	began := time.Now()
	log := b.file("redirector.log")
	if err := os.WriteFile(log, nil, 0o644); err != nil {
		return nil, 0, err
	}
	p, err := process.Start(log, []string{"TRACKER_CONFIG="}, b.options.Redirector, "serve", "--config", config)
	if err != nil {
		return nil, 0, err
	}
	s = &server{name: redirector, processes: []*process.Process{p}}
	err = p.Await(b.options.Load, func() (err error) {
		if err := ctx.Err(); err != nil {
			return run.ErrInterrupted
		}
		if s.addr, err = p.Announced("http://"); err != nil {
			return err
		}
		return b.whole(s.addr)
	})
	if err != nil {
		return nil, 0, errors.Join(err, s.stop())
	}
	return s, time.Since(began), nil
}

// whole asks a redirector whether it is ready and has all sites.
func (b *bench) whole(addr string) error {
	res, err := http.Get("http://" + addr + "/readyz")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	if sites, err := metric(addr, "redirector_index_sites_indexed"); err != nil || int(sites) < b.world.Sites {
		return errors.Join(err, fmt.Errorf("it has %v of %d sites", sites, b.world.Sites))
	}
	return nil
}

// configuration is that of the redirector: everything on that a public one has, but for
// the checks of its sites, which do not exist.
func (b *bench) configuration(database string) string {
	return fmt.Sprintf(`database = %q
[redirector]
listen = "127.0.0.1:0"
cache = %q
trusted_proxies = ["127.0.0.0/8"]
access_log = %q
[redirector.limit]
rate = 1000
[health]
checks = "off"
[nearest]
databases = [%q, %q]
`, "sqlite:"+database, b.cache(), b.file("access.log"), b.file(cities), b.file(ases))
}

// file returns the path of a file in the folder of this run.
func (b *bench) file(name string) string { return filepath.Join(b.dir, name) }

// metric reads a figure of a redirector.
func metric(addr, name string) (float64, error) {
	res, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			var value float64
			_, err := fmt.Sscan(rest, &value)
			return value, err
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}
