package digest

import (
	"encoding/json"
	"os"
	"testing"
)

// A vectorEntry is one entry of testdata/digest-v1-vectors.json; the file's own
// note says what its fields mean.
type vectorEntry struct {
	Size       int64
	Date       string
	Dir        map[string]vectorEntry
	Link       *string
	Unreadable bool
	Bad        bool
}

func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/digest-v1-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []struct {
			Name         string
			Blind, Exact *string
			Tree         string
			Entries      map[string]vectorEntry
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 10 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			tree := vectorTree(t, c.Entries, Complete)
			if got := tree.ID.String(); got != c.Tree {
				t.Errorf("identity %s, want %s", got, c.Tree)
			}
			if want := optional(c.Blind); tree.Blind.String() != want {
				t.Errorf("blind %s, want %s", tree.Blind, want)
			}
			if want := optional(c.Exact); tree.Exact.String() != want {
				t.Errorf("exact %s, want %s", tree.Exact, want)
			}
			if err := tree.Verify(); err != nil {
				t.Error(err)
			}
		})
	}
}

func optional(sum *string) string {
	if sum == nil {
		return absentText
	}
	return *sum
}

func vectorTree(t *testing.T, dir map[string]vectorEntry, reason Reason) *Tree {
	t.Helper()
	var entries []Entry
	for name, v := range dir {
		e := Entry{Name: latin1(name), Kind: File, Size: v.Size}
		switch {
		case v.Unreadable:
			e.Kind, e.Sub = Dir, &vectorTree(t, nil, Refused).Summary
		case v.Dir != nil:
			e.Kind, e.Sub = Dir, &vectorTree(t, v.Dir, Complete).Summary
		case v.Link != nil:
			e.Kind, e.Target = Link, latin1(*v.Link)
		case v.Date != "":
			var err error
			if e.Date, err = ParseDate(v.Date); err != nil {
				t.Fatal(err)
			}
		}
		entries = append(entries, e)
	}
	kept, sound := Clean(entries)
	if !sound {
		reason = Unparsable
	}
	return NewDigester().Tree(kept, reason)
}

// latin1 turns code points back into the bytes that they stand for.
func latin1(s string) string {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return string(b)
}
