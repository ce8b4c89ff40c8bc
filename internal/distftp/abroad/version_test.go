package abroad

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

// A server is one that has the file: the low bits of each byte say which.
type server byte

const (
	local server = iota // ftpd's own
	first               // foreign ones
	second

	bits = 3 // of a byte
)

// modified is when the file was, at all servers.
var modified = time.Date(2024, 2, 29, 12, 34, 56, 0, time.UTC)

// longest is what a file has at most.
const longest = 16 << 20

// wholes are the longest file as each server has it.
var wholes = sync.OnceValue(func() (all [bits + 1][]byte) {
	b := make([]byte, longest)
	rand.NewChaCha8([32]byte{}).Read(b)
	for of := range all {
		all[of] = slices.Clone(b)
		for i := range b {
			all[of][i] = b[i]&^bits | byte(of)
		}
	}
	return all
})

// version is the file as a server has it.
func version(of server, size int) []byte { return slices.Clone(wholes()[of][:size]) }

// A part is what came from one server.
type part struct {
	from server
	size int
}

// parts says whom a file came from, piece by piece. It is an error if a byte is one that
// no server has there.
func parts(got []byte) (all []part, err error) {
	for at := 0; at < len(got); {
		from := server(got[at] & bits)
		n := alike(got[at:], wholes()[from][at:])
		if n == 0 {
			return all, fmt.Errorf("the byte at %d is %#x, which no server has there", at, got[at])
		}
		all = append(all, part{from, n})
		at += n
	}
	return all, nil
}

// alike is how many bytes two contents begin with that are the same.
func alike(a, b []byte) (n int) {
	const block = 64 << 10 // which is compared at once
	for len(a) >= n+block && len(b) >= n+block && bytes.Equal(a[n:n+block], b[n:n+block]) {
		n += block
	}
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

func TestParts(t *testing.T) {
	got, err := parts(append(version(first, 300)[:100], version(local, 300)[100:]...))
	if want := []part{{first, 100}, {local, 200}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if _, err := parts(version(first, 300)[1:]); err == nil {
		t.Error("bytes at another place are taken for right")
	}
}
