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

// content is what is transferred in a job.
func (j *job) content() []byte {
	if j.server.holders != nil && j.server.holders.content != nil {
		return j.server.holders.content(j.cell)
	}
	return content
}

// crowdSize is how many entries a large directory has.
const crowdSize = 20_000

func (j *job) download(c *client, name string) {
	j.Helper()
	j.stock(name, j.content())
	c.fetch(j, name)
	j.wantFetched()
	j.saw("RETR")
}

func (j *job) upload(c *client, name string) {
	j.Helper()
	j.plant(j.content())
	c.store(j, name)
	j.wantStored(name)
	j.saw("STOR")
}

func (j *job) resumeDownload(c *client) {
	j.stock("plain", j.content())
	j.plant(half)
	j.resume = true
	c.fetch(j, "plain")
	j.wantFetched()
	j.saw("REST " + strconv.Itoa(len(half)))
}

func (j *job) resumeUpload(c *client) {
	j.stock("plain", half)
	j.plant(j.content())
	j.resume = true
	c.store(j, "plain")
	j.wantStored("plain")
	j.saw("APPE", "REST "+strconv.Itoa(len(half)))
}

func (j *job) listing(c *client) {
	for _, name := range []string{"a file", "another", "z"} {
		j.stock("shelf/"+name, content)
	}
	j.must(j.server.stock.makeDir(j.path("shelf/folder")))
	j.wantNames(c.list(j, "shelf"), []string{"a file", "another", "folder", "z"})
}

// crowd lists a large directory.
func (j *job) crowd(c *client) {
	want := make([]string, crowdSize)
	for i := range want {
		want[i] = fmt.Sprintf("entry-%05d", i)
	}
	forget, err := j.server.stock.crowd(j.path("crowd"), want)
	j.must(err)
	defer forget()
	j.wantNames(c.list(j, "crowd"), want)
}

func (j *job) renaming(c *client) {
	j.stock("from", content)
	c.rename(j, "from", "to")
	j.wantStored("to")
	j.wantGone("from")
	j.saw("RNTO")
}

func (j *job) deletion(c *client) {
	j.stock("plain", content)
	j.stock("other", content)
	c.remove(j, "plain")
	j.wantGone("plain")
	j.wantStored("other")
	j.saw("DELE")
}

// bearing does all that has to do with a file's name.
func (j *job) bearing(c *client, name string) {
	j.download(c, name)
	if c.list != nil {
		j.stock("shelf/"+name, content)
		j.wantNames(c.list(j, "shelf"), []string{name})
	}
	if c.store == nil {
		return
	}
	j.must(j.server.stock.remove(j.path(name)))
	j.upload(c, name)
	names, err := j.server.stock.names(j.path(""))
	j.must(err)
	for _, other := range names {
		if other != name && other != "shelf" {
			j.Errorf("the server has %q besides", other)
		}
	}
}

// stock lets the server have a file of the past.
func (j *job) stock(name string, what []byte) {
	j.Helper()
	j.must(j.server.stock.plant(j.path(name), what))
}

// plant lets the client have a file of the past.
func (j *job) plant(what []byte) {
	j.Helper()
	j.must(plant(j.local(), what))
}

// planted is when all files are from: some clients resume only what has the same date.
var planted = time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)

func plant(path string, what []byte) error {
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, what, 0o644), os.Chtimes(path, planted, planted))
}

func (j *job) wantFetched() {
	j.Helper()
	got, err := os.ReadFile(j.local())
	j.wantContent("the client's file", got, err)
}

func (j *job) wantStored(name string) {
	j.Helper()
	got, err := j.server.stock.read(j.path(name))
	j.wantContent(name, got, err)
}

func (j *job) wantContent(what string, got []byte, err error) {
	j.Helper()
	if err != nil {
		j.Errorf("what should have arrived: %v", err)
	} else if want := j.content(); !bytes.Equal(got, want) {
		j.Errorf("%s: %d bytes with SHA-256 %x, want %d with %x", what, len(got), sha256.Sum256(got), len(want), sha256.Sum256(want))
	}
}

func (j *job) wantGone(name string) {
	j.Helper()
	if _, err := j.server.stock.read(j.path(name)); !errors.Is(err, fs.ErrNotExist) {
		j.Errorf("%s is still there: %v", name, err)
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
