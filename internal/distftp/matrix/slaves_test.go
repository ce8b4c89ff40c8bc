package matrix

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/textproto"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"mirrortracker/internal/testbed"
)

// slaves are the stock of a master and its slaves. It is changed through the master, and
// read on the slaves' disks, where names follow what was acknowledged as soon as they can.
type slaves struct {
	members []*testbed.Member
	crowded sync.Mutex // while the large directory is somewhere

	mu     sync.Mutex
	client *testbed.FTPClient
}

// do sends the master a command.
func (s *slaves) do(code int, format string, args ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.client.Do(code, format, args...)
	return err
}

func (s *slaves) makeDir(path string) error { return s.do(257, "MKD %s", path) }
func (s *slaves) remove(path string) error  { return s.do(250, "DELE %s", path) }

func (s *slaves) plant(file string, what []byte) error {
	if dir := path.Dir(file); s.do(250, "MLST %s", dir) != nil {
		if err := s.makeDir(dir); err != nil {
			return err
		}
	}
	s.mu.Lock()
	err := s.client.Store("STOR "+file, what)
	s.mu.Unlock()
	return errors.Join(err, s.do(213, "MFMT %s %s", planted.Format("20060102150405"), file))
}

// read reads what one of the slaves has, or none any more.
func (s *slaves) read(file string) (content []byte, err error) {
	there := s.do(250, "MLST %s", file)
	if refused := (*textproto.Error)(nil); there != nil && (!errors.As(there, &refused) || refused.Code != 550) {
		return nil, there
	}
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(10 * time.Second); ; <-again.C {
		found := false
		for _, m := range s.members {
			if content, err = os.ReadFile(filepath.Join(m.Folder, file)); err == nil {
				found = true
				break
			}
		}
		switch {
		case found && there == nil:
			return content, nil
		case !found && there != nil:
			return nil, fs.ErrNotExist
		case time.Now().After(limit):
			return nil, fmt.Errorf("%s: on a slave's disk: %v; at the master: %v", file, found, there)
		}
	}
}

func (s *slaves) names(dir string) (names []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := s.client.Fetch("MLSD " + dir)
	for line := range strings.Lines(string(text)) {
		facts, name, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if !strings.Contains(facts, "type=cdir") && !strings.Contains(facts, "type=pdir") {
			names = append(names, name)
		}
	}
	return names, err
}

// awaitCrowd waits until the master has taken in what came with a slave's folder, and the
// slave was told so.
func awaitCrowd(master *testbed.Member) error {
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(4 * time.Minute); ; <-again.C {
		log, err := master.Log()
		switch {
		case err == nil && bytes.Contains(log, []byte(`"slave was compared","slave":"crowded"`)):
			return nil
		case time.Now().After(limit):
			return fmt.Errorf("the large directory is not taken in: %v", err)
		}
	}
}

// crowd moves a directory there that came with a slave's folder.
func (s *slaves) crowd(dir string, _ []string) (forget func() error, err error) {
	s.crowded.Lock()
	return func() error {
		defer s.crowded.Unlock()
		return s.move(dir, "/"+crowdFolder)
	}, s.move("/"+crowdFolder, dir)
}

func (s *slaves) move(from, to string) error {
	if err := s.do(350, "RNFR %s", from); err != nil {
		return err
	}
	return s.do(250, "RNTO %s", to)
}

// crowdFolder has the entries of a large directory.
const crowdFolder = "crowd"
