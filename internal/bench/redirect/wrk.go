package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"mirrortracker/internal/testbed"
)

//go:embed walk.lua
var walkScript []byte

// Load is put on servers by wrk, which takes less of the processors that it shares with
// them than a client in Go would: the more a client takes, the more alike all servers
// look. One request costs it some microseconds, of which the script is about a tenth.
type wrk struct {
	program            string
	script             string
	clients            string // file of addresses
	threads, connected int
}

// newWrk writes what wrk needs into a folder.
func newWrk(dir string, clients []string, connections int) (*wrk, error) {
	program, err := testbed.Find("wrk")
	if err != nil {
		return nil, err
	}
	w := &wrk{program: program, script: filepath.Join(dir, "walk.lua"), clients: filepath.Join(dir, "clients"), threads: 2, connected: connections}
	if err := os.WriteFile(w.script, walkScript, 0o644); err != nil {
		return nil, err
	}
	return w, writeLines(w.clients, clients)
}

func writeLines(file string, lines []string) error {
	return os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644)
}

// A round is what came of loading a server once.
type round struct {
	Requests int64 `json:"requests"`
	Micros   int64 `json:"micros"`
	Bytes    int64 `json:"bytes"`
	failures
	// Of the time that an answer took, in microseconds.
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`

	CPU float64 `json:"cpu"` // microseconds that the server took of a processor for an answer
}

// failures are counted by wrk.
type failures struct {
	Connect int64 `json:"connect"`
	Read    int64 `json:"read"`
	Write   int64 `json:"write"`
	Status  int64 `json:"status"` // of 400 and above
	Timeout int64 `json:"timeout"`
}

// rate is in requests per second.
func (r round) rate() float64 { return float64(r.Requests) / (float64(r.Micros) / 1e6) }

// load loads a server for a time. Requests that fail are an error.
func (w *wrk) load(ctx context.Context, s *server, paths string, period time.Duration) (r round, err error) {
	ctx, cancel := context.WithTimeout(ctx, period+time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, w.program,
		"--threads", strconv.Itoa(w.threads),
		"--connections", strconv.Itoa(w.connected),
		"--duration", fmt.Sprintf("%ds", max(1, int(period.Seconds()))),
		"--script", w.script,
		"http://"+s.addr+"/", "--", paths, w.clients)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	before, err := s.cpu()
	if err != nil {
		return r, err
	}
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("wrk: %w: %s%s", err, out.Bytes(), complaints.Bytes())
	}
	after, err := s.cpu()
	if err != nil {
		return r, err
	}
	line := out.Bytes()[bytes.LastIndex(out.Bytes(), []byte("\n{"))+1:]
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("wrk: %w in %q", err, line)
	}
	if r.failures != (failures{}) {
		return r, fmt.Errorf("%s: of %d requests some failed: %+v", s.name, r.Requests, r.failures)
	}
	r.CPU = float64((after - before).Microseconds()) / float64(r.Requests)
	return r, nil
}
