package catalogue

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mirrortracker/internal/testbed/powercut"
)

// TestWorkUntilDone is not a test: it is what a process does that is recorded.
func TestWorkUntilDone(t *testing.T) {
	url := os.Getenv("CATALOGUE_RECORDED_URL")
	if url == "" {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	left := 60
	work(ctx, open(t, url), 0, func(w, steps int) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("did %d %d\n", w, steps)
		if left--; left == 0 {
			cancel()
		}
	})
}

// When the master's machine dies, there is in SQLite what it has acknowledged, whatever else
// reached the disk.
func TestPowerCuts(t *testing.T) {
	dir := t.TempDir()
	must(t, open(t, "sqlite:"+filepath.Join(dir, "ftpd.db")).db.Close())
	cmd := exec.Command(os.Args[0], "-test.run", "^TestWorkUntilDone$")
	cmd.Env = append(os.Environ(), "CATALOGUE_RECORDED_URL=sqlite:"+filepath.Join(dir, "ftpd.db"))
	r := powercut.Record(t, cmd, dir)
	random := rand.New(rand.NewPCG(1, 2))
	for i, moment := range append(r.Syncs(), r.Moments()) {
		keep := func() bool { return i%3 == 0 && random.IntN(2) == 0 } // of what is not certain nothing, or any part
		t.Run(fmt.Sprint(moment), func(t *testing.T) {
			dir := t.TempDir()
			done := make([]int, crashWorkers)
			for line := range strings.Lines(r.Leave(t, moment, keep, dir)) {
				var w, steps int
				if n, _ := fmt.Sscanf(line, "did %d %d", &w, &steps); n == 2 {
					done[w] = steps
				}
			}
			survived(t, open(t, "sqlite:"+filepath.Join(dir, "ftpd.db")), 0, done)
		})
	}
	t.Logf("%d system calls, %d of them syncs", r.Moments(), len(r.Syncs()))
}
