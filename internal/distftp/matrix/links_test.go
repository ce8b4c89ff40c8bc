package matrix

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mirrortracker/internal/testbed"
)

// Do the same clients do the same below an alias of a foreign server, and is all on the disk
// of that, having gone there directly where client and server allow?
func TestMatrixBelowAlias(t *testing.T) {
	cells := linkSample()
	if *all {
		cells = allCells()
	}
	for i, l := range links {
		own := cells
		if shared {
			own = nil
			for j := i; j < len(cells); j += len(links) {
				own = append(own, cells[j])
			}
		}
		t.Run(fmt.Sprintf("%s/%v", l.kind, l.loose), func(t *testing.T) {
			t.Parallel()
			l.start(t).tryAll(t, own)
		})
	}
}

// links are with each foreign server, and with each kind of ftpd.
var links = []link{
	{foreign{"vsftpd", true}, 0},
	{foreign{"proftpd", true}, 2},
	{foreign{"pure-ftpd", false}, 0},
	{foreign{"pure-ftpd", true}, 2},
}

// A link is a foreign server that an ftpd has an alias of.
type link struct {
	foreign
	slaves int // of the ftpd; 0: it has its files itself
}

// linkAlias is where the foreign server's tree is.
const linkAlias = "/elsewhere"

// start starts both, to the end of the test.
func (l link) start(t *testing.T) *server {
	t.Helper()
	root := testbed.Dir(t)
	ours := testbed.ClusterConfig{Slaves: l.slaves}
	if l.slaves == 0 {
		ours.Folder = testbed.Dir(t)
	}
	s, client := l.foreign.start(t, ours, testbed.FTPConfig{Root: root, Account: true, Private: root, Writable: true})
	s.above, s.stock = strings.TrimPrefix(linkAlias, "/")+"/", &lodged{root: folder(root), client: client}
	if _, err := client.Do(2, "SITE REMOTE ADDALIAS %s 88.1.1.1 21 %s '%s' /", linkAlias, testbed.AccountUser, testbed.AccountPassword); err != nil {
		t.Fatal(err)
	}
	l.meet(t, s, client, linkAlias+"/first")
	return s
}

// lodged is the stock of a foreign server, by the paths that ftpd has for it. All is its
// account's. What ftpd knows of may be removed by way of it only, as it remembers that.
type lodged struct {
	root folder

	mu     sync.Mutex
	client *testbed.FTPClient
}

func (l *lodged) remove(path string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := l.client.Do(250, "DELE %s", path)
	return err
}

func (l *lodged) there(path string) string { return strings.TrimPrefix(path, linkAlias) }

func (l *lodged) makeDir(path string) error {
	return errors.Join(l.root.makeDir(l.there(path)), l.give(path))
}

func (l *lodged) plant(path string, what []byte) error {
	return errors.Join(l.root.plant(l.there(path), what), l.give(filepath.Dir(path)), l.give(path))
}

func (l *lodged) give(path string) error {
	return os.Chown(l.root.disk(l.there(path)), testbed.AccountID, testbed.AccountID)
}

func (l *lodged) read(path string) ([]byte, error)   { return l.root.read(l.there(path)) }
func (l *lodged) names(dir string) ([]string, error) { return l.root.names(l.there(dir)) }
func (l *lodged) crowd(dir string, names []string) (func() error, error) {
	return l.root.crowd(l.there(dir), names)
}
