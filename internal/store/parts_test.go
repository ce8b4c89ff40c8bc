package store

import (
	"bytes"
	"strings"
	"testing"
)

func TestParts(t *testing.T) {
	for _, text := range []string{
		"",
		"x",
		"f 1 2026-11-20 a\n",
		strings.Repeat("f 1 2026-11-20 a\n", 1000),
		strings.Repeat("\xff\x00", 100),
		strings.Repeat("x", maxPart), // the largest, which must come back
	} {
		stored, err := encodePart([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if len(stored) > len(text)+1 {
			t.Errorf("%d bytes became %d", len(text), len(stored))
		}
		back, err := decodePart(stored)
		if err != nil || string(back) != text {
			t.Errorf("%d bytes came back as %d: %v", len(text), len(back), err)
		}
	}
}

func TestPartsAreBounded(t *testing.T) {
	stored, err := encodePart(make([]byte, maxPart+1))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := decodePart(stored); err == nil {
		t.Errorf("%d bytes became %d", len(stored), len(text))
	}
}

// FuzzDecodePart feeds what a damaged database could hold, and checks that
// whatever is understood survives being written again.
func FuzzDecodePart(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{plain})
	f.Add([]byte{zipped})
	f.Add([]byte("\x00f 1 2026-11-20 a\n"))
	stored, err := encodePart(bytes.Repeat([]byte("f 1 2026-11-20 a\n"), 10))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(stored)
	f.Fuzz(func(t *testing.T, stored []byte) {
		text, err := decodePart(stored)
		if err != nil {
			return
		}
		again, err := encodePart(text)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := decodePart(again); err != nil || !bytes.Equal(back, text) {
			t.Fatalf("%d bytes came back as %d: %v", len(text), len(back), err)
		}
	})
}
