package abroad

import (
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/testbed"
)

// Clients of others change what is below an alias in all ways that they have: then it is so
// on the disk of the foreign server. What they merely fetch, store, rename and delete is tried
// in package matrix.
func TestLinks(t *testing.T) {
	n := 0
	for _, of := range []string{"vsftpd", "proftpd", "pure-ftpd"} {
		for _, loose := range []bool{true, false} {
			for _, k := range []kind{alone, slaves} {
				if n++; (n-1)%linked == 0 {
					t.Run(fmt.Sprintf("%s/%v/%s", of, loose, k), func(t *testing.T) {
						t.Parallel()
						l := newLinked(t, of, loose, k)
						for _, mode := range []string{"active", "passive"} {
							l.changes(mode)
							l.trees(mode)
							l.direct(mode)
							l.mirrored(mode)
						}
					})
				}
			}
		}
	}
}

// A linkedWorld has a foreign server, and an alias of it.
type linkedWorld struct {
	*testing.T
	*world
	kind  string
	loose bool
	root  string     // what the foreign server has
	at    netip.Addr // where it is
}

const (
	linkAlias = "/elsewhere"
	oddName   = "say \"caf\u00e9\" it's" // of a file
)

func newLinked(t *testing.T, of string, loose bool, k kind) *linkedWorld {
	t.Helper()
	l := &linkedWorld{T: t, world: newWorld(t, k), kind: of, loose: loose, root: testbed.Dir(t)}
	host := l.host(t, "88.1.1.1", "2a00:88::1")
	l.at = host.IPv4
	l.must(os.Chown(l.root, testbed.AccountID, testbed.AccountID))
	testbed.StartFTP(t, of, testbed.FTPConfig{Root: l.root, Host: host, Foreign: loose, Account: true, Private: l.root, Writable: true})
	l.do(t, 2, "SITE REMOTE ADDALIAS %s %s 21 %s '%s' /", linkAlias, l.at, testbed.AccountUser, testbed.AccountPassword)
	l.meet()
	return l
}

// meet lets ftpd find out what the server says to others than its client, which may cost one
// a 425.
func (l *linkedWorld) meet() {
	l.plant("/first", version(first, 100))
	c := l.client(l.T, user, password)
	c.Way = testbed.Named
	if _, err := c.Do(213, "SIZE %s/first", linkAlias); err != nil {
		l.Fatal(err)
	}
	if _, err := c.Fetch("RETR " + linkAlias + "/first"); err != nil && (l.loose || code(err) != 425) {
		l.Fatal(err)
	}
}

func (l *linkedWorld) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// disk is where the foreign server has something.
func (l *linkedWorld) disk(path string) string { return filepath.Join(l.root, path) }

// plant lets the foreign server have a file of its account's, or a directory if there is no content.
func (l *linkedWorld) plant(path string, content []byte) {
	l.Helper()
	if content == nil {
		l.must(os.Mkdir(l.disk(path), 0o755))
	} else {
		l.must(os.WriteFile(l.disk(path), content, 0o644))
	}
	l.must(os.Chown(l.disk(path), testbed.AccountID, testbed.AccountID))
	l.must(os.Chtimes(l.disk(path), modified, modified))
}

// tree is what is below a folder: contents of files by their paths, and directories with a
// slash behind.
func tree(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		name, _ := filepath.Rel(folder, path)
		switch {
		case err != nil || path == folder:
			return err
		case d.IsDir():
			all[name+"/"] = ""
			return nil
		}
		content, err := os.ReadFile(path)
		all[name] = string(content)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return all
}

// trees lets lftp bring a tree there, and wget and lftp take it back.
func (l *linkedWorld) trees(mode string) {
	dir := "/tree-" + mode
	d := l.deed(mode, dir)
	own := filepath.Join(d.folder, "own")
	for name, content := range map[string][]byte{
		"a": version(local, 10_000), "with two  blanks/b": version(first, 20_000), "caf\u00e9/" + oddName: version(second, 30_000), "empty/none": {},
	} {
		file := filepath.Join(own, name)
		l.must(os.MkdirAll(filepath.Dir(file), 0o755))
		l.must(os.WriteFile(file, content, 0o644))
		l.must(os.Chtimes(file, modified, modified))
	}
	want := tree(l.T, own)
	if said, err := d.lftp("mirror -R own " + d.dir + "/copy"); err != nil {
		l.Errorf("lftp mirror -R, %s: %v\n%s", mode, err, said)
	}
	if diff := cmp.Diff(want, tree(l.T, l.disk(dir+"/copy"))); diff != "" {
		l.Errorf("lftp mirror -R, %s: -want +got:\n%.3000s", mode, diff)
	}
	is, err := os.Stat(l.disk(dir + "/copy/a"))
	if err != nil || !is.ModTime().Equal(modified) {
		l.Errorf("lftp mirror -R, %s: a file is of %v, %v; want %v", mode, is.ModTime(), err, modified)
	}
	if said, err := d.lftp("mirror -R --dry-run own " + d.dir + "/copy"); err != nil || strings.Contains(said, "put ") {
		l.Errorf("lftp mirror -R would do it again, %s: %v\n%s", mode, err, said)
	}
	if said, err := d.lftp("mirror " + d.dir + "/copy lftp"); err != nil {
		l.Errorf("lftp mirror, %s: %v\n%s", mode, err, said)
	}
	passive := map[string]string{"active": "--no-passive-ftp", "passive": "--passive-ftp"}[mode]
	said, err := d.run("", "wget", "-q", "-r", "-nH", "--cut-dirs=3", "-P", "wget", passive, "--restrict-file-names=nocontrol", "ftp://"+user+":"+password+"@"+d.host+":"+d.port+d.dir+"/copy/")
	if err != nil {
		l.Errorf("wget, %s: %v\n%s", mode, err, said)
	}
	for _, name := range []string{"lftp", "wget"} {
		if diff := cmp.Diff(want, tree(l.T, filepath.Join(d.folder, name))); diff != "" {
			l.Errorf("%s, %s: -want +got:\n%.3000s", name, mode, diff)
		}
	}
}

// direct lets a client store a file, which the foreign server has from it directly if it
// takes others' data: in active mode only when the client was seen to accept connections
// from elsewhere.
func (l *linkedWorld) direct(mode string) {
	dir := "/direct-" + mode
	d := l.deed(mode, dir)
	l.plant(dir+"/large", version(first, 9<<20))
	l.must(os.WriteFile(filepath.Join(d.folder, "content"), version(local, 1<<20), 0o644))
	if said, err := d.lftp("get " + d.dir + "/large"); err != nil {
		l.Errorf("%s: %v\n%s", mode, err, said)
	}
	capture, err := d.person.host.Capture()
	l.must(err)
	said, err := d.lftp("cd " + d.dir + "; put content")
	moved, stopped := capture.Stop()
	l.must(stopped)
	if err != nil {
		l.Errorf("%s: %v\n%s", mode, err, said)
	}
	if got := tree(l.T, l.disk(dir))["content"]; got != string(version(local, 1<<20)) {
		l.Errorf("%s: the foreign server has %d bytes", mode, len(got))
	}
	var there int64
	for at, n := range moved {
		if at.Addr() == l.at {
			there += n
		}
	}
	if open := l.loose || l.kind == "proftpd" && mode == "passive"; (there >= 1<<20) != open || !open && there > 0 {
		l.Errorf("%s: %d bytes moved between client and foreign server; with others: %v", mode, there, slices.Collect(maps.Keys(moved)))
	}
}

// mirrored lets clients store in a directory of which another server is drawn: they are told
// so, and nobody has anything.
func (l *linkedWorld) mirrored(mode string) {
	dir := "/mirrored-" + mode
	l.store(l.T, dir, "file", version(local, 1000))
	l.mirror(l.T, dir, linkAlias)
	d := l.deed(mode, dir)
	l.must(os.WriteFile(filepath.Join(d.folder, "new"), version(second, 1000), 0o644))
	url := "ftp://" + user + ":" + password + "@" + d.host + ":" + d.port + dir + "/"
	port := map[string][]string{"active": {"-P", "-"}, "passive": {}}[mode]
	for name, do := range map[string]func() (string, error){
		"curl": func() (string, error) { return d.run("", "curl", append(port, "-q", "-sS", "-v", "-T", "new", url)...) },
		"lftp": func() (string, error) { return d.lftp("cd " + dir + "; put new") },
	} {
		said, err := do()
		if err == nil || !strings.Contains(said, "553") {
			l.Errorf("%s, %s: an upload ends with %v\n%s", name, mode, err, said)
		}
	}
	if got := tree(l.T, l.disk(dir)); len(got) > 0 {
		l.Errorf("%s: the foreign server has %v", mode, slices.Collect(maps.Keys(got)))
	}
	if names, err := d.lftp("cls -1 " + dir); err != nil || strings.TrimSpace(names) != dir+"/file" {
		l.Errorf("%s: there is %q, %v", mode, names, err)
	}
}
