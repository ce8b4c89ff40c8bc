package main

import (
	"io"
	"strings"
	"testing"
)

// What the clients print of one tree: a file in the root, in a, and in a/b.
func TestCounter(t *testing.T) {
	tests := []struct {
		client string
		count  func(*counter, io.Reader) error
		prints string
	}{
		{"lftp find", (*counter).parents, "./\n./file\n./a/\n./a/file\n./a/b/\n./a/b/file\n"},
		{"lftp du -a", (*counter).parents, "1\t./file\n1\t./a/file\n12\t./a/b/file\n1\t./a/b\n1\t./a\n1\t.\n"},
		{"rclone", (*counter).parents, "file\na/\na/file\na/b/\na/b/file\n"},
		{"vsftpd", (*counter).headings, ".:\r\n-rw 1 file\r\ndrwx a\r\n\r\n./a:\r\n-rw 1 file\r\n\r\n./a/b:\r\n-rw 1 file\r\n"},
		{"proftpd", (*counter).headings, "-rw 1 file\r\ndrwx a\r\n\r\na:\r\n-rw 1 file\r\n\r\na/b:\r\n-rw 1 file\r\n"},
	}
	for _, test := range tests {
		t.Run(test.client, func(t *testing.T) {
			c := newCounter()
			if err := test.count(c, strings.NewReader(test.prints)); err != nil {
				t.Fatal(err)
			}
			if c.dirs() != 3 {
				t.Errorf("counted %d directories instead of 3", c.dirs())
			}
		})
	}
}

// A directory that was seen but not listed does not count.
func TestCounterSeen(t *testing.T) {
	c := newCounter()
	if err := c.parents(strings.NewReader("a/\nb/\nc/\na/file\n")); err != nil {
		t.Fatal(err)
	}
	if c.dirs() != 2 { // the root and a
		t.Errorf("counted %d directories instead of 2", c.dirs())
	}
}
