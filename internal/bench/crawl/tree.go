package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// fan is how many folders a folder of a tree holds: 20,000 then are up to five levels
// deep, 100,000 six.
const fan = 8

// A tree is a generated folder tree and what the crawler finds when it reads it from
// the disk. It is the same each time but for its dates, which are counted from now.
type tree struct {
	root  string
	dirs  int64 // the root included
	truth summary
}

// plant fills an empty folder with folders below it, in each of which are from 5 to 15
// sparse files of mixed age, ten on average.
func plant(ctx context.Context, root string, folders int) (*tree, error) {
	paths := make([]string, folders+1)
	paths[0] = root
	for i := 1; i <= folders; i++ {
		paths[i] = fmt.Sprintf("%s/%s-%d", paths[(i-1)/fan], folderNames[i%len(folderNames)], i)
		if err := os.Mkdir(paths[i], 0o755); err != nil {
			return nil, err
		}
	}
	now := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		group.Go(func() error {
			for i := worker; i <= folders; i += workers {
				if err := errors.Join(ctx.Err(), plantFiles(paths[i], i, now)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return &tree{root: root, dirs: int64(folders) + 1}, group.Wait()
}

// fell removes what plant has made, several folders at a time.
func fell(root string) error {
	top, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	group := errgroup.Group{}
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, entry := range top {
		group.Go(func() error { return os.RemoveAll(filepath.Join(root, entry.Name())) })
	}
	return group.Wait()
}

var (
	folderNames = []string{"release", "pool", "lib", "archive", "src", "noarch", "x86_64", "docs", "updates", "i", "p"}
	fileNames   = []string{"package_1.%d-%d.tar.gz", "lib%d-%d.so", "README-%d.%d", "image-%d-%d.iso", "%d.%d.patch"}
)

// plantFiles writes the files of the folder with a number.
func plantFiles(dir string, number int, now time.Time) error {
	random := rand.New(rand.NewPCG(uint64(number), 0))
	for k := range 5 + number%11 {
		name := fmt.Sprintf(fileNames[k%len(fileNames)], number, k)
		if err := plantFile(dir+"/"+name, random.Int64N(1<<24), now.Add(-age(random))); err != nil {
			return err
		}
	}
	return nil
}

// age is up to five months or from seven months to eight years: servers show the time
// of day for the last six months, and no file shall pass that bound during a run.
func age(random *rand.Rand) time.Duration {
	const day = 24 * time.Hour
	if random.IntN(3) == 0 {
		return time.Hour + time.Duration(random.Int64N(int64(150*day)))
	}
	return 210*day + time.Duration(random.Int64N(int64(2700*day)))
}

func plantFile(path string, size int64, modified time.Time) error {
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return &os.PathError{Op: "create", Path: path, Err: err}
	}
	at := unix.NsecToTimespec(modified.UnixNano())
	return errors.Join(
		unix.Ftruncate(fd, size),
		unix.Close(fd),
		unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{at, at}, 0),
	)
}
