package listing

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
)

// seed adds the recorded listings of the commands.
func seed(f *testing.F, commands ...string) {
	for _, name := range recordings(f) {
		if command := name[strings.LastIndexByte(name, '.')+1:]; slices.Contains(commands, command) {
			text := read(f, name+".txt")
			f.Add(text[:min(len(text), 4096)])
		}
	}
}

// sound fails where an entry could not have been read from the text.
func sound(t *testing.T, text string, l Listing) {
	t.Helper()
	for _, e := range l.Entries {
		if strings.Contains(e.Name, "\n") || strings.Contains(e.Target, "\n") {
			t.Errorf("a name or target over two lines: %+v", e)
		}
		if !strings.Contains(text, e.Name) || !strings.Contains(text, e.Target) {
			t.Errorf("a name or target that is not in the text: %+v", e)
		}
		if e.Name == "." || e.Name == ".." {
			t.Errorf("%q is an entry", e.Name)
		}
		if e.Kind < digest.File || e.Kind > digest.Other {
			t.Errorf("no kind: %+v", e)
		}
		if e.Size < 0 && e.Size != digest.UnknownSize {
			t.Errorf("a negative size: %+v", e)
		}
		if e.Target != "" && e.Kind != digest.Link {
			t.Errorf("a target of no link: %+v", e)
		}
	}
}

// fuzzLines checks that every line by itself comes to exactly one thing: an
// entry, "." or "..", or an error; and that the whole text comes to their sum.
func fuzzLines(t *testing.T, text []byte, parse func([]byte) (Listing, error), nothing func(line string) bool) {
	whole, err := parse(text)
	sound(t, string(text), whole)
	entries, bad, n := 0, 0, 0
	var first int
	for line := range strings.Lines(string(text)) {
		n++
		l, err := parse([]byte(line))
		sum := len(l.Entries)
		if l.Self || l.Parent {
			sum++
		}
		if err != nil {
			sum++
			if bad++; bad == 1 {
				first = n
			}
		}
		want := 1
		if nothing(chomp(line)) {
			want = 0
		}
		if sum != want {
			t.Errorf("line %q came to %d things: %+v, %v", line, sum, l, err)
		}
		entries += len(l.Entries)
	}
	if len(whole.Entries) != entries {
		t.Errorf("%d entries from the whole, %d from its lines", len(whole.Entries), entries)
	}
	var lineError *LineError
	switch errors.As(err, &lineError); {
	case bad == 0 && err != nil, bad > 0 && (lineError == nil || lineError.Line != first || lineError.More != bad-1):
		t.Errorf("%d bad lines, the first is %d, but the error is %v", bad, first, err)
	}
}

func FuzzParseList(f *testing.F) {
	seed(f, "list-a", "stat")
	f.Add([]byte("total 3\n12 -rw-r--r-- 1 a b 5 Jan  1  2020 x -> y\n01-05-23  12:00PM  <DIR>  d\n+r,s1,\tn\n"))
	f.Add([]byte("d [R----F--] a 512 2023-01-05 13:34:56.1 +0100 n\nlrwxrwxrwx 1 a 1 5. Jan 2023 a -> b -> c\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		fuzzLines(t, text, ParseList, func(line string) bool {
			line = strings.TrimLeft(line, " \t")
			return line == "" || isTotal(line)
		})
	})
}

func FuzzParseMLSD(f *testing.F) {
	seed(f, "mlsd")
	f.Add([]byte("Type=OS.unix=slink:/a b;Size=3;Modify=20230105123456.1; n\ntype=cdir; /\ntype=pdir; ..\nsize=1 x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		fuzzLines(t, text, ParseMLSD, func(line string) bool { return line == "" })
	})
}

func FuzzParseRecursive(f *testing.F) {
	seed(f, "list-alR")
	f.Add([]byte(".:\ntotal 0\nd--------- 1 a 1 Jan  1  2020 b\n\n./b:\nwhat\n\n:\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		limits := Limits{Line: 200, Entries: 5, Bytes: 500}
		ended := false
		for d, err := range ParseRecursive(strings.NewReader(string(text)), limits) {
			if ended {
				t.Error("something follows the last error")
			}
			var bad *LineError
			ended = err != nil && !errors.As(err, &bad)
			if limit := (*LimitError)(nil); ended && !errors.As(err, &limit) {
				t.Error(err)
			}
			sound(t, string(text), d.Listing)
			if strings.Contains(d.Path, "\n") || len(d.Entries) > limits.Entries {
				t.Errorf("%q has %d entries", d.Path, len(d.Entries))
			}
		}
	})
}

func FuzzParseMDTM(f *testing.F) {
	f.Add("20230105123456.789")
	f.Add("20161231235960")
	f.Fuzz(func(t *testing.T, reply string) {
		when, err := ParseMDTM(reply)
		if err != nil {
			return
		}
		text := strings.TrimLeft(reply, " \t\r\n")
		if got := when.Format("20060102150405"); got != text[:14] && text[12:14] != "60" {
			t.Errorf("%q was read as %s", reply, got)
		}
	})
}

func FuzzDates(f *testing.F) {
	f.Add(int16(2023), int8(1), int8(5), int8(12), int8(34), true, true, false, int64(1700000000))
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, year int16, month, day, hour, minute int8, hasYear, hasTime, utc bool, now int64) {
		s := Stamp{year, month, day, hour, minute, hasYear, hasTime, utc, 0}
		for _, z := range []*time.Location{nil, time.UTC, berlin} {
			d := Dates{Now: time.Unix(now%(1<<37), 0), Zone: z}
			if got := d.Date(s); got.Known() && got != digest.DateOf(got.Time()) {
				t.Errorf("%+v is %d", s, got)
			}
			d.Time(s)
		}
	})
}
