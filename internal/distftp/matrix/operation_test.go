package matrix

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An operation is what a client does, and how one sees that it was done.
type operation struct {
	name string
	try  func(j *job, c *client)
}

var operations = []*operation{
	{"download", func(j *job, c *client) { j.download(c, "plain") }},
	{"resumed download", (*job).resumeDownload},
	{"upload", func(j *job, c *client) { j.upload(c, "plain") }},
	{"resumed upload", (*job).resumeUpload},
	{"listing", (*job).listing},
	{"20,000 entries", (*job).crowd},
	{"rename", (*job).renaming},
	{"delete", (*job).deletion},
	{"blanks", func(j *job, c *client) { j.bearing(c, "with two  blanks") }},
	{"UTF-8", func(j *job, c *client) { j.bearing(c, "caf\u00e9 \u65e5\u672c\u8a9e") }},
	{"Latin-1", func(j *job, c *client) { j.bearing(c, "caf\xe9 \xfcber") }},
}

// content is what is transferred. It has every byte, CR, LF and IAC among them, so that a
// conversion would show; half is what is there before a transfer is resumed.
var (
	content = func() []byte {
		b := make([]byte, 200_000)
		rand.NewChaCha8([32]byte{}).Read(b)
		return b
	}()
	half = content[:6<<14] // aria2 resumes at multiples of 16 KiB
)

// crowdSize is how many entries a large directory has.
const crowdSize = 20_000

func (j *job) download(c *client, name string) {
	j.Helper()
	j.plant(j.disk(name), content)
	c.fetch(j, name)
	j.wantContent(j.local())
	j.saw("RETR")
}

func (j *job) upload(c *client, name string) {
	j.Helper()
	j.plant(j.local(), content)
	c.store(j, name)
	j.wantContent(j.disk(name))
	j.saw("STOR")
}

func (j *job) resumeDownload(c *client) {
	j.plant(j.disk("plain"), content)
	j.plant(j.local(), half)
	j.resume = true
	c.fetch(j, "plain")
	j.wantContent(j.local())
	j.saw("REST " + strconv.Itoa(len(half)))
}

func (j *job) resumeUpload(c *client) {
	j.plant(j.disk("plain"), half)
	j.plant(j.local(), content)
	j.resume = true
	c.store(j, "plain")
	j.wantContent(j.disk("plain"))
	j.saw("APPE", "REST "+strconv.Itoa(len(half)))
}

func (j *job) listing(c *client) {
	for _, name := range []string{"a file", "another", "z"} {
		j.plant(filepath.Join(j.disk("shelf"), name), content)
	}
	if err := os.Mkdir(filepath.Join(j.disk("shelf"), "folder"), 0o755); err != nil {
		j.Fatal(err)
	}
	j.wantNames(c.list(j, "shelf"), []string{"a file", "another", "folder", "z"})
}

// crowd lists a large directory. Its entries are hard links to one file.
func (j *job) crowd(c *client) {
	dir := j.disk("crowd")
	defer os.RemoveAll(dir)
	want := make([]string, crowdSize)
	for i := range want {
		want[i] = fmt.Sprintf("entry-%05d", i)
		if i == 0 {
			j.plant(filepath.Join(dir, want[0]), nil)
		} else if err := os.Link(filepath.Join(dir, want[0]), filepath.Join(dir, want[i])); err != nil {
			j.Fatal(err)
		}
	}
	j.wantNames(c.list(j, "crowd"), want)
}

func (j *job) renaming(c *client) {
	j.plant(j.disk("from"), content)
	c.rename(j, "from", "to")
	j.wantContent(j.disk("to"))
	j.wantGone(j.disk("from"))
	j.saw("RNTO")
}

func (j *job) deletion(c *client) {
	j.plant(j.disk("plain"), content)
	j.plant(j.disk("other"), content)
	c.remove(j, "plain")
	j.wantGone(j.disk("plain"))
	j.wantContent(j.disk("other"))
	j.saw("DELE")
}

// bearing does all that has to do with a file's name.
func (j *job) bearing(c *client, name string) {
	j.download(c, name)
	if c.list != nil {
		j.plant(filepath.Join(j.disk("shelf"), name), content)
		j.wantNames(c.list(j, "shelf"), []string{name})
	}
	if c.store == nil {
		return
	}
	if err := os.Remove(j.disk(name)); err != nil {
		j.Fatal(err)
	}
	j.upload(c, name)
	entries, err := os.ReadDir(filepath.Dir(j.disk(name)))
	if err != nil {
		j.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != name && e.Name() != "shelf" {
			j.Errorf("the server has %q besides", e.Name())
		}
	}
}

// plant writes a file of the past.
func (j *job) plant(path string, what []byte) {
	j.Helper()
	err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, what, 0o644), os.Chtimes(path, planted, planted))
	if err != nil {
		j.Fatal(err)
	}
}

// planted is when all files are from: some clients resume only what has the same date.
var planted = time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)

func (j *job) wantContent(path string) {
	j.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		j.Errorf("what should have arrived: %v", err)
	} else if !bytes.Equal(got, content) {
		j.Errorf("%s: %d bytes with SHA-256 %x, want %d with %x", filepath.Base(path), len(got), sha256.Sum256(got), len(content), sha256.Sum256(content))
	}
}

func (j *job) wantGone(path string) {
	j.Helper()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		j.Errorf("%s is still there", filepath.Base(path))
	}
}

func (j *job) wantNames(got, want []string) {
	j.Helper()
	got = slices.DeleteFunc(slices.Clone(got), func(name string) bool { return name == "." || name == ".." })
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		j.Errorf("%d names, want %d; -want +got:\n%.2000s", len(got), len(want), diff)
	}
	j.saw("LIST", "NLST", "MLSD")
}
