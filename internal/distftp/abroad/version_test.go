package abroad

import (
	"fmt"
	"math/rand/v2"
	"slices"
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

// version is the file as a server has it.
func version(of server, size int) []byte {
	b := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(b)
	for i := range b {
		b[i] = b[i]&^bits | byte(of)
	}
	return b
}

// A part is what came from one server.
type part struct {
	from server
	size int
}

// parts says whom a file came from, piece by piece. It is an error if a byte is one that
// no server has there.
func parts(got []byte) (all []part, err error) {
	want := version(0, len(got))
	for i, b := range got {
		if b&^bits != want[i] {
			return all, fmt.Errorf("the byte at %d is %#x, which no server has there", i, b)
		}
		if from := server(b & bits); len(all) == 0 || all[len(all)-1].from != from {
			all = append(all, part{from: from})
		}
		all[len(all)-1].size++
	}
	return all, nil
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
