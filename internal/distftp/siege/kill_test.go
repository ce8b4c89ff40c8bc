package siege

import (
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// version makes a content that tells its number, whole.
func version(n int) string { return strings.Repeat(fmt.Sprintf("%09d\n", n), 30_000) }

// whole returns the number that a content tells, and whether it is whole.
func whole(content string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSuffix(content[:min(10, len(content))], "\n"))
	return n, err == nil && content == version(n)
}

// Killed at any instant while clients replace files, append to them and upload new ones,
// ftpd has left each file whole, as it was or as it was to be, and nothing that it
// acknowledged is lost. What it left otherwise is gone after the next start.
func TestKilled(t *testing.T) {
	dir := site(t)
	database := "sqlite:" + filepath.Join(t.TempDir(), "ftpd.db")
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	add := exec.Command(path, "--database", database, "user", "add", "ann", "--rule", "allow all /**")
	add.Stdin = strings.NewReader("secret\n")
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("user add: %v: %s", err, out)
	}
	const clients = 3
	acknowledged := map[string]int{} // the version of each file
	leftovers := 0
	next := 0
	for round := range rounds {
		s := serve(t, dir, "--users", "--database", database)
		var mu sync.Mutex
		var uploading, ready sync.WaitGroup
		ready.Add(clients)
		for i := range clients {
			next += 1000
			begin := next
			uploading.Go(func() {
				c, err := login(s.addr, "127.0.0.1", "ann", "secret")
				ready.Done()
				if err != nil {
					t.Errorf("login: %v", err)
					return
				}
				defer c.conn.Close()
				for n := begin; n < begin+1000; n++ {
					name := fmt.Sprintf("replaced%d", i)
					if n%3 == 0 {
						name = fmt.Sprintf("new%d", n)
					}
					data, err := c.begin("STOR " + name)
					if err != nil {
						return // killed
					}
					io.WriteString(data, version(n))
					data.Close()
					if c.want("226") != nil {
						return
					}
					mu.Lock()
					acknowledged[name] = n
					mu.Unlock()
				}
			})
		}
		ready.Wait()
		time.AfterFunc(time.Duration(rand.IntN(200))*time.Millisecond, func() { s.cmd.Process.Kill() })
		uploading.Wait()
		s.ended()

		kept := map[string]int{}
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			name := e.Name()
			switch {
			case err != nil || e.IsDir() || name == "hello":
				return err
			case strings.HasPrefix(name, ".ftpd-upload-"):
				leftovers++
				return nil
			}
			b, err := os.ReadFile(path)
			n, ok := whole(string(b))
			if !ok {
				t.Errorf("round %d: %s is not whole: %d bytes, which begin with %.20q", round, name, len(b), b)
			}
			kept[name] = n
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for name, n := range acknowledged {
			if kept[name] < n {
				t.Errorf("round %d: %s is of version %d, though %d was acknowledged", round, name, kept[name], n)
			}
		}
	}
	t.Logf("%d uploads were acknowledged, %d left something", len(acknowledged), leftovers)
	if leftovers == 0 || len(acknowledged) <= clients {
		t.Error("ftpd was never killed in the midst of an upload, or there was none")
	}
	s := serve(t, dir, "--users", "--database", database)
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	for began := time.Now(); !s.logged(t, "swept"); <-every.C {
		if time.Since(began) > patience {
			t.Fatal("the next start has swept nothing")
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, ".ftpd-upload-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("after the next start there are %q, %v", left, err)
	}
}
