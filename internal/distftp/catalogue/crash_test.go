package catalogue

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/testbed"
)

// crashSteps are what a worker does in its directory, over and over. The size of a file is
// the number of the step that made it.
var crashSteps = []struct {
	do     func(ctx context.Context, c *Catalogue, s SlaveID, at mirror.Path, step int) error
	change func(names map[string]int, step int) // what it does to files, with their sizes; directories have -1
}{
	{put("a"), func(n map[string]int, step int) { n["/a"] = step }},
	{move("a", "b"), func(n map[string]int, _ int) { n["/b"] = n["/a"]; delete(n, "/a") }},
	{put("a"), func(n map[string]int, step int) { n["/a"] = step }},
	{move("b", "a"), func(n map[string]int, _ int) { n["/a"] = n["/b"]; delete(n, "/b") }},
	{func(ctx context.Context, c *Catalogue, _ SlaveID, at mirror.Path, _ int) error {
		return c.MakeDir(ctx, at.Join("d"))
	}, func(n map[string]int, _ int) { n["/d"] = -1 }},
	{move("a", "d/c"), func(n map[string]int, _ int) { n["/d/c"] = n["/a"]; delete(n, "/a") }},
	{move("d", "e"), func(n map[string]int, _ int) {
		n["/e"], n["/e/c"] = -1, n["/d/c"]
		delete(n, "/d")
		delete(n, "/d/c")
	}},
	{func(ctx context.Context, c *Catalogue, _ SlaveID, at mirror.Path, _ int) error {
		_, err := c.Remove(ctx, at.Join("e/c"))
		return err
	}, func(n map[string]int, _ int) { delete(n, "/e/c") }},
	{func(ctx context.Context, c *Catalogue, _ SlaveID, at mirror.Path, _ int) error {
		return c.RemoveDir(ctx, at.Join("e"))
	}, func(n map[string]int, _ int) { delete(n, "/e") }},
}

func put(name string) func(context.Context, *Catalogue, SlaveID, mirror.Path, int) error {
	return func(ctx context.Context, c *Catalogue, s SlaveID, at mirror.Path, step int) error {
		op, err := c.Op(ctx)
		if err == nil {
			_, err = c.Commit(ctx, Arrival{Path: at.Join(name), Slave: s, Prepared: wire.Prepared{Op: op, Size: int64(step)}}, nil)
		}
		return err
	}
}

func move(from, to string) func(context.Context, *Catalogue, SlaveID, mirror.Path, int) error {
	return func(ctx context.Context, c *Catalogue, _ SlaveID, at mirror.Path, _ int) error {
		_, err := c.Rename(ctx, at.Join(from), at.Join(to))
		return err
	}
}

// namesAfter is what a worker's directory holds after so many steps.
func namesAfter(steps int) map[string]int {
	names := map[string]int{}
	for i := range steps {
		crashSteps[i%len(crashSteps)].change(names, i)
	}
	return names
}

const crashWorkers = 6

// crashLimit is how long they may work, on a machine that is busy with other tests.
const crashLimit = time.Minute

// work has workers change names until something fails, and tells what was done. Each has
// a directory of its own, and one of two slaves.
func work(ctx context.Context, c *Catalogue, round int, did func(worker, steps int)) {
	var all sync.WaitGroup
	for w := range crashWorkers {
		all.Go(func() {
			s, err := c.AddSlave(ctx, string(rune('a'+w%2)))
			if err != nil || c.MakeDir(ctx, workDir(round, w)) != nil {
				return
			}
			for i := 0; ; i++ {
				did(w, i)
				if crashSteps[i%len(crashSteps)].do(ctx, c, s.ID, workDir(round, w), i) != nil {
					return
				}
			}
		})
	}
	all.Wait()
}

func workDir(round, w int) mirror.Path { return mirror.Path(fmt.Sprintf("/%d.%d", round, w)) }

// TestWorkUntilKilled is not a test: it is what a process does that will be killed.
func TestWorkUntilKilled(t *testing.T) {
	url, round := os.Getenv("CATALOGUE_URL"), 0
	if url == "" {
		return
	}
	fmt.Sscan(os.Getenv("CATALOGUE_ROUND"), &round)
	var mu sync.Mutex
	work(t.Context(), open(t, url), round, func(w, steps int) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Printf("did %d %d\n", w, steps)
	})
}

// A master that is killed leaves in SQLite what it has acknowledged, and of the rest all or
// nothing.
func TestKilledMaster(t *testing.T) {
	url := freshSQLite(t)
	for round := range 8 {
		ctx, cancel := context.WithTimeout(t.Context(), crashLimit)
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestWorkUntilKilled$")
		cmd.Env = append(os.Environ(), "CATALOGUE_URL="+url, fmt.Sprint("CATALOGUE_ROUND=", round))
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		done := make([]int, crashWorkers)
		lines := bufio.NewScanner(out)
		for left := 20 + rand.IntN(300); lines.Scan(); left-- {
			var w, steps int
			if n, _ := fmt.Sscanf(lines.Text(), "did %d %d", &w, &steps); n == 2 {
				done[w] = steps
			}
			if left == 0 {
				must(t, cmd.Process.Kill())
			}
		}
		_ = cmd.Wait() // it was killed
		cancel()
		c := open(t, url)
		survived(t, c, round, done)
		must(t, c.db.Close())
	}
}

// So does a database server that is killed, as long as it writes out what it commits.
func TestKilledServer(t *testing.T) {
	server := testbed.StartMariaDB(t)
	url := server.Database(t)
	for round := range 4 {
		db, err := database.Open(t.Context(), url, database.FTPServer)
		must(t, err)
		c, err := Open(t.Context(), Config{DB: db, Master: "one", Log: slog.New(slog.DiscardHandler)})
		must(t, err)
		done := make([]int, crashWorkers)
		var mu sync.Mutex
		var killed sync.WaitGroup
		left := 20 + rand.IntN(300)
		ctx, cancel := context.WithTimeout(t.Context(), crashLimit)
		work(ctx, c, round, func(w, steps int) {
			mu.Lock()
			defer mu.Unlock()
			done[w] = steps
			if left--; left == 0 {
				killed.Go(server.Kill)
			}
		})
		cancel()
		killed.Wait()
		_ = db.Close() // the connections are broken
		must(t, server.Start())
		survived(t, open(t, url), round, done)
	}
}

// survived looks whether what was done is there.
func survived(t *testing.T, c *Catalogue, round int, done []int) {
	t.Helper()
	for w, steps := range done {
		got := map[string]int{}
		err := below(t.Context(), c, workDir(round, w), "", got)
		switch {
		case errors.Is(err, fs.ErrNotExist) && steps == 0: // not even its directory
		case err != nil:
			t.Errorf("round %d: %v", round, err)
		case !maps.Equal(got, namesAfter(steps)) && !maps.Equal(got, namesAfter(steps+1)):
			t.Errorf("round %d: after %d steps there is %v; want %v or %v", round, steps, got, namesAfter(steps), namesAfter(steps+1))
		}
	}
	sound(t, c)
}

func below(ctx context.Context, c *Catalogue, at mirror.Path, prefix string, names map[string]int) error {
	d, err := c.OpenDir(ctx, at)
	if err != nil {
		return err
	}
	for {
		e, err := d.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := prefix + "/" + e.Name
		names[name] = int(e.Size)
		if e.Kind == vfs.Directory {
			names[name] = -1
			if err := below(ctx, c, at.Join(e.Name), name, names); err != nil {
				return err
			}
		}
	}
}

// sound looks whether tables and intents say the same.
func sound(t *testing.T, c *Catalogue) {
	t.Helper()
	ctx := t.Context()
	must(t, c.db.Read(ctx, "look for strays", func(tx *sqlx.Tx) error {
		for what, query := range map[string]string{
			"nodes without a directory": `SELECT COUNT(*) FROM ftp_nodes n WHERE n.parent <> 0 AND NOT EXISTS (SELECT 1 FROM ftp_nodes d WHERE d.id = n.parent AND d.kind = 1)`,
			"copies of nothing":         `SELECT COUNT(*) FROM ftp_copies c WHERE NOT EXISTS (SELECT 1 FROM ftp_nodes n WHERE n.id = c.node AND n.kind = 0)`,
			"files that nobody has":     `SELECT COUNT(*) FROM ftp_nodes n WHERE n.kind = 0 AND NOT EXISTS (SELECT 1 FROM ftp_copies c WHERE c.node = n.id)`,
		} {
			var n int
			if err := tx.GetContext(ctx, &n, query); err != nil {
				return err
			}
			if n > 0 {
				t.Errorf("%d %s", n, what)
			}
		}
		return nil
	}))
	slaves, err := c.Slaves(ctx)
	must(t, err)
	for _, s := range slaves {
		d := &disk{files: map[wire.Path]wire.Entry{}}
		d.apply(t, c, s.ID)
		if d.applied != s.Last {
			t.Errorf("slave %s: the intents end at %d, noted is %d", s.Name, d.applied, s.Last)
		}
		side, err := c.Side(ctx, s.ID)
		must(t, err)
		if side.Root() != d.digest("/") {
			t.Errorf("slave %s has %v by its intents, which is not what it should have", s.Name, slices.Sorted(maps.Keys(d.files)))
		}
	}
}
