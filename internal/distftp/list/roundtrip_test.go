package list_test

import (
	"io/fs"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/distftp/list"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/listing"
)

// drawEntry draws a file, directory or link with any name that can be shown.
func drawEntry(t *rapid.T, now time.Time) vfs.Entry {
	e := vfs.Entry{
		Name: string(rapid.SliceOfN(rapid.Byte(), 1, 30).
			Filter(func(b []byte) bool { return list.Showable(string(b)) && string(b) != "." && string(b) != ".." }).Draw(t, "name")),
		Kind:    rapid.SampledFrom([]vfs.Kind{vfs.File, vfs.Directory, vfs.Link}).Draw(t, "kind"),
		Size:    rapid.Int64Min(0).Draw(t, "size"),
		Mode:    fs.FileMode(rapid.Uint32Range(0, 0o777).Draw(t, "mode")),
		ModTime: now.Add(-time.Duration(rapid.Int64Range(0, int64(50*365*24*time.Hour)).Draw(t, "age"))),
		Owner:   "ftp",
		Group:   "ftp",
	}
	if e.Kind == vfs.Link {
		e.Target = rapid.StringMatching(`[a-z./]{1,20}`).Draw(t, "target")
		e.Size = int64(len(e.Target))
	}
	return e
}

var kinds = map[vfs.Kind]digest.Kind{vfs.File: digest.File, vfs.Directory: digest.Dir, vfs.Link: digest.Link}

// What the server writes, the crawler reads back: names to the byte, sizes, days.
func TestOurReaderUnderstandsUs(t *testing.T) { rapid.Check(t, readBack) }

func FuzzOurReaderUnderstandsUs(f *testing.F) { f.Fuzz(rapid.MakeFuzz(readBack)) }

func readBack(t *rapid.T) {
	now := time.Unix(rapid.Int64Range(1<<30, 1<<32).Draw(t, "now"), 0).UTC()
	e := drawEntry(t, now)
	check := func(how string, got listing.Listing, err error) {
		if err != nil || len(got.Entries) != 1 {
			t.Fatalf("%s of %+v: %+v, %v", how, e, got, err)
		}
		read := got.Entries[0]
		day := digest.DateOf(e.ModTime)
		if read.Name != e.Name || read.Kind != kinds[e.Kind] || e.Kind == vfs.File && read.Size != e.Size ||
			read.Target != e.Target || (listing.Dates{Now: now, Zone: time.UTC}).Date(read.Stamp) != day {
			t.Fatalf("%s of %+v was read as %+v", how, e, read)
		}
	}
	long, err := listing.ParseList(list.AppendLong(nil, e, now))
	if e.Kind != vfs.Link || !strings.Contains(e.Name, " -> ") {
		check("LIST", long, err)
	}
	facts, err := listing.ParseMLSD(list.AppendFacts(nil, e, list.Member, e.Name, []byte("r"), list.AllFacts))
	check("MLSD", facts, err)
}
