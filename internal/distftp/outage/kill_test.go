package outage

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

const user, password = "operator", "open-sesame"

// A field is a cluster with the clients that work on it.
type field struct {
	*testing.T
	*testbed.Cluster
	database *testbed.MariaDBServer // nil: SQLite
	ledgers  []*ledger
	answers  map[string]int // how often which kind of change was answered how
	mu       sync.Mutex
}

// Whoever is killed, at any instant: what was acknowledged is there, whole, and what was
// not answered was done or not, neither half nor twice.
func TestKilled(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		f := newField(t, nil, testbed.ClusterConfig{Slaves: 3})
		keepTwo(t, f.Cluster)
		f.suffer(rounds)
	})
	t.Run("MariaDB", func(t *testing.T) {
		t.Parallel()
		database := testbed.StartMariaDB(t)
		newField(t, database, testbed.ClusterConfig{Slaves: 2, Masters: 2, Database: database.Database(t)}).suffer(rounds)
	})
}

func newField(t *testing.T, database *testbed.MariaDBServer, cfg testbed.ClusterConfig) *field {
	t.Helper()
	cfg.User, cfg.Password = user, password
	cfg.Tables += "\n[limits]\nper_address = 0\n[timeouts]\ndata = \"10s\"\n"
	f := &field{T: t, Cluster: testbed.StartCluster(t, cfg), database: database, answers: map[string]int{}}
	for i := range 3 {
		l := &ledger{dir: fmt.Sprint("/client", i), known: tree{files: map[string][]int{}}, next: i * 1_000_000}
		c, err := f.login(0)
		if err == nil {
			err = l.begin(c)
			c.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		f.ledgers = append(f.ledgers, l)
	}
	return f
}

func (f *field) login(master int) (*testbed.FTPClient, error) {
	return testbed.DialFTP(nil, f.Masters[master%len(f.Masters)].FTP(), user, password)
}

// suffer kills somebody so often.
func (f *field) suffer(rounds int) {
	f.Helper()
	for round := range rounds {
		var working sync.WaitGroup
		stop, made := make(chan struct{}), make(chan struct{}, 1000)
		for i, l := range f.ledgers {
			working.Go(func() { f.work(l, i, stop, made) })
		}
		f.instant(made)
		victim, revive := f.kill()
		time.AfterFunc(time.Duration(rand.IntN(300))*time.Millisecond, func() { close(stop) })
		working.Wait()
		if err := revive(); err != nil {
			f.Fatalf("round %d: after %s was killed: %v", round, victim, err)
		}
		for i, l := range f.ledgers {
			if err := l.verify(func() (*testbed.FTPClient, error) { return f.login(i + round) }); err != nil {
				f.Fatalf("round %d, in which %s was killed: %v", round, victim, err)
			}
		}
	}
	f.Logf("%d kills; %v", rounds, f.answers)
	f.conclude()
}

// instant waits for some changes to have been made, and then a little, so that the next ones
// are under way.
func (f *field) instant(made <-chan struct{}) {
	late := time.After(10 * time.Second)
	for range rand.IntN(20) {
		select {
		case <-made:
		case <-late:
			f.Log("the clients are slow")
			return
		}
	}
	<-time.After(time.Duration(rand.IntN(40)) * time.Millisecond)
}

// work makes changes until one is not acknowledged, and tells of each that was.
func (f *field) work(l *ledger, n int, stop <-chan struct{}, made chan<- struct{}) {
	c, err := f.login(n)
	if err != nil {
		return
	}
	defer c.Close()
	c.Patience = 15 * time.Second
	for {
		select {
		case <-stop:
			return
		default:
		}
		c.Way = []testbed.Way{testbed.Active, testbed.Named, testbed.Extended}[rand.IntN(3)]
		ch := l.draw()
		err := l.make(c, ch)
		f.mu.Lock()
		f.answers[cmp.Or(map[bool]string{true: ch.kind}[err == nil], fmt.Sprint(ch.kind, " ", code(err)))]++
		f.mu.Unlock()
		switch {
		case err == nil:
			made <- struct{}{}
		case code(err)/100 == 5:
			f.Errorf("%s: %v", ch.kind, err)
			return
		default:
			return
		}
	}
}

// kill kills somebody. What it returns brings everybody back.
func (f *field) kill() (victim string, revive func() error) {
	victims := slices.Concat(f.Masters, f.Slaves)
	n := rand.IntN(len(victims) + 2)
	switch {
	case n < len(victims):
		m := victims[n]
		m.Kill()
		return m.Name, m.Start
	case n == len(victims) && f.database != nil:
		f.database.Kill()
		return "the database", f.database.Start
	}
	for _, m := range victims { // the power fails
		m.Kill()
	}
	return "everybody", func() (err error) {
		for _, m := range victims {
			err = errors.Join(err, m.Start())
		}
		return err
	}
}

// conclude checks that in the end the slaves' disks have what they are to have, and
// nothing else.
func (f *field) conclude() {
	f.Helper()
	want := map[string]bool{}
	for _, l := range f.ledgers {
		for name := range l.known.files {
			want[l.dir+"/"+l.known.path(name)] = true
		}
	}
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(30 * time.Second); ; <-again.C {
		got := map[string]bool{}
		for _, m := range f.Slaves {
			names, err := stored(m.Folder)
			if err != nil && time.Now().After(limit) {
				f.Fatal(err)
			}
			for _, name := range names {
				got[name] = true
			}
		}
		if maps.Equal(got, want) {
			break
		}
		if time.Now().After(limit) {
			f.Errorf("the slaves have\n%v, want\n%v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
			break
		}
	}
	examine(f.T, f.Cluster)
}

// examine lets the operator's command compare database and slaves, until all is well.
func examine(t *testing.T, cluster *testbed.Cluster) {
	t.Helper()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(30 * time.Second); ; <-again.C { // copies may be under way
		out, err := cluster.Command("fsck")
		if err == nil {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("%v\n%s", err, out)
		}
	}
}

// stored are the paths of a slave's files, its own left out.
func stored(folder string) (names []string, err error) {
	err = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if strings.HasPrefix(e.Name(), ".ftpd-") && e.IsDir() {
			return fs.SkipDir
		}
		if err == nil && !e.IsDir() && !strings.HasPrefix(e.Name(), ".ftpd-") {
			names = append(names, strings.TrimPrefix(path, folder))
		}
		return err
	})
	return names, err
}
