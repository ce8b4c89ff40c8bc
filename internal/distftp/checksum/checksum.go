// Package checksum has the algorithms by which clients can check files (HASH, XCRC and their
// like).
package checksum

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"hash/crc32"
	"strings"
)

// Default is what HASH computes unless a client chooses another.
const Default = "SHA-256"

// algorithms are by the names that draft-bryan-ftpext-hash takes from IANA's registry of
// hash functions.
var algorithms = []struct {
	name string
	make func() hash.Hash
}{
	{"CRC32", func() hash.Hash { return crc32.NewIEEE() }},
	{"MD5", md5.New},
	{"SHA-1", sha1.New},
	{"SHA-224", sha256.New224},
	{Default, sha256.New},
	{"SHA-384", sha512.New384},
	{"SHA-512", sha512.New},
}

// Names returns the names of all.
func Names() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.name
	}
	return names
}

// Find returns the name of an algorithm as it is written, from one in any case.
func Find(name string) (string, bool) {
	for _, a := range algorithms {
		if strings.EqualFold(a.name, name) {
			return a.name, true
		}
	}
	return "", false
}

// New begins to compute; false where there is no algorithm of that name.
func New(name string) (hash.Hash, bool) {
	for _, a := range algorithms {
		if a.name == name {
			return a.make(), true
		}
	}
	return nil, false
}
