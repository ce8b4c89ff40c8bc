package listing

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mirrortracker/internal/digest"
)

// names draws the bytes of a name: any but NUL, LF, and a CR at the end, which
// is the line's.
func drawName(t *rapid.T) string {
	name := rapid.OneOf(
		rapid.StringMatching(`[ a-z0-9>:;=-]{1,20}`),
		rapid.SampledFrom([]string{" ", "a -> b", " 5 Jan  1  2020 x", "12:34 x", "; a=b;", "-rw-r--r-- 1 a b 5 Jan  1  2020 x"}),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 20), func(b []byte) string { return string(b) }),
	).Draw(t, "name")
	name = strings.TrimRight(strings.NewReplacer("\x00", "", "\n", "").Replace(name), "\r")
	if name == "." || name == ".." {
		return "dots"
	}
	return name
}

// drawEntry draws an entry with a date of the form that ls writes.
func drawEntry(t *rapid.T) Entry {
	e := Entry{
		Name: drawName(t),
		Kind: rapid.SampledFrom([]digest.Kind{digest.File, digest.Dir, digest.Link, digest.Other}).Draw(t, "kind"),
	}
	switch e.Kind {
	case digest.File:
		e.Size = rapid.Int64Min(0).Draw(t, "size")
	case digest.Link:
		e.Target = drawName(t)
	}
	e.Stamp = Stamp{Month: int8(rapid.IntRange(1, 12).Draw(t, "month")), Day: int8(rapid.IntRange(1, 31).Draw(t, "day"))}
	if rapid.Bool().Draw(t, "recent") {
		e.Stamp.setTime(rapid.IntRange(0, 23).Draw(t, "hour"), rapid.IntRange(0, 59).Draw(t, "minute"))
	} else {
		e.Stamp.setYear(rapid.IntRange(0, 9999).Draw(t, "year"))
	}
	return e
}

// drawUnix draws an entry of a listing that shows modes.
func drawUnix(t *rapid.T) Entry {
	e := drawEntry(t)
	e.Closed = e.Kind == digest.Dir && rapid.Bool().Draw(t, "closed")
	return e
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// formatUnix writes an entry as ls does, with any owner and group.
func formatUnix(t *rapid.T, e Entry) string {
	owner := rapid.SampledFrom([]string{"root root", "0 0", "jan may", "Domain Users 500", "(?)", "may 5"}).Draw(t, "owner")
	size, name := fmt.Sprint(e.Size), e.Name
	switch e.Kind {
	case digest.Dir:
		size = "4096"
	case digest.Link:
		size, name = fmt.Sprint(len(e.Target)), e.Name+" -> "+e.Target
	case digest.Other:
		size = rapid.SampledFrom([]string{"0", "8, 0", "1,   3"}).Draw(t, "device")
	}
	s := e.Stamp
	date := fmt.Sprintf("%s %2d %02d:%02d", months[3*s.Month-3:3*s.Month], s.Day, s.Hour, s.Min)
	if s.HasYear {
		date = fmt.Sprintf("%s %2d  %04d", months[3*s.Month-3:3*s.Month], s.Day, s.Year)
	}
	others := rapid.SampledFrom([]string{"r-x", "rwt"}).Draw(t, "others")
	if e.Closed {
		others = rapid.SampledFrom([]string{"---", "r--", "--x", "r-T"}).Draw(t, "closed to others")
	}
	return fmt.Sprintf("%crw-r-x%s%s %3d %s %8s %s %s", " -dlp"[e.Kind], others, rapid.SampledFrom([]string{"", "+", "."}).Draw(t, "mark"),
		rapid.IntRange(1, 1000).Draw(t, "links"), owner, size, date, name)
}

// formatFacts writes an entry as MLSD does, its facts in any order.
func formatFacts(t *rapid.T, e Entry) string {
	facts := []string{
		"Type=" + [...]string{"", "file", "dir", "OS.unix=slink:" + e.Target, "OS.unix=socket"}[e.Kind],
		"UNIX.mode=0644",
	}
	if e.Kind == digest.File {
		facts = append(facts, fmt.Sprintf("size=%d", e.Size))
	}
	if s := e.Stamp; s.HasYear {
		facts = append(facts, fmt.Sprintf("modify=%04d%02d%02d%02d%02d59", s.Year, s.Month, s.Day, s.Hour, s.Min))
	}
	return strings.Join(rapid.Permutation(facts).Draw(t, "facts"), ";") + "; " + e.Name
}

func readBack(t *rapid.T, entries []Entry, parse func([]byte) (Listing, error), format func(*rapid.T, Entry) string) {
	var text strings.Builder
	end := rapid.SampledFrom([]string{"\r\n", "\n"}).Draw(t, "line end")
	for _, e := range entries {
		text.WriteString(format(t, e))
		text.WriteString(end)
	}
	got, err := parse([]byte(text.String()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text.String())
	}
	if diff := cmp.Diff(entries, got.Entries); diff != "" {
		t.Fatalf("(-written +read)\n%s\nin %q", diff, text.String())
	}
}

func TestUnixIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(drawUnix), 1, 10).Draw(t, "entries")
		readBack(t, entries, ParseList, formatUnix)
	})
}

func TestFactsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(drawEntry), 1, 10).Draw(t, "entries")
		for i := range entries {
			e := &entries[i]
			e.Target = strings.ReplaceAll(e.Target, ";", "")
			if e.Stamp.HasTime || !e.Stamp.valid() {
				e.Stamp = Stamp{}
			} else {
				e.Stamp.setTime(0, 0)
				e.Stamp.UTC, e.Stamp.Sec = true, 59 // as formatFacts writes it
			}
		}
		readBack(t, entries, ParseMLSD, formatFacts)
	})
}
