package listing

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// A Directory is one block of a recursive listing.
type Directory struct {
	// Path is what the heading calls the directory, without its colon: "." or
	// "./pub/file" or "/srv/ftp". It is "" where the text has no heading.
	Path string
	Listing
}

// Limits bound what one directory of a recursive listing may hold. A field that
// is zero means the default.
type Limits struct {
	Line    int // bytes of a line, its end included (default 64 KiB)
	Entries int // entries of a directory (default 1,000,000)
	Bytes   int // bytes of a directory (default 256 MiB)
}

func (l Limits) orDefault() Limits {
	for _, d := range []struct {
		field *int
		value int
	}{{&l.Line, 64 << 10}, {&l.Entries, 1_000_000}, {&l.Bytes, 256 << 20}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return l
}

// ParseRecursive reads the output of `ls -lR`, as LIST -R sends it and as
// archives publish it, one directory at a time. It holds one directory in
// memory.
//
// A directory begins with its heading, a line `PATH:` that is the first or
// follows an empty line; the first directory may lack one. No empty line comes
// between the lines of a directory. It comes with a [*LineError] where one of
// its lines was not understood, and the next follows. Any other error, of
// reading or a [*LimitError], is the last thing that is yielded; the directory
// with it was not read to its end. Text that ends early at the end of a line cannot
// be told from a shorter one: that every subdirectory has had its block is for
// the caller to check.
//
// Lines end in LF, and in CR LF if the first one does.
func ParseRecursive(r io.Reader, limits Limits) iter.Seq2[Directory, error] {
	return func(yield func(Directory, error) bool) {
		lines := lineReader{limits: limits.orDefault()}
		lines.in = bufio.NewReaderSize(r, lines.limits.Line)
		now := block{parser: parser{most: lines.limits.Entries}}
		begun := false   // there was a heading or a line of the block
		afterGap := true // there was an empty line before, or nothing
		for {
			line, err := lines.next()
			switch {
			case err == io.EOF && begun:
				yield(now.finish(nil))
				return
			case err == io.EOF:
				return
			case err != nil:
				yield(now.finish(inBlock(err, now.path)))
				return
			case line == "":
				if err := now.count(lines.count, 1, lines.limits.Bytes); err != nil {
					yield(now.finish(inBlock(err, now.path)))
					return
				}
				afterGap = true
				continue
			}
			if path, ok := strings.CutSuffix(line, ":"); ok && afterGap && now.heads(line) {
				if begun && !yield(now.finish(nil)) {
					return
				}
				now.begin(path)
				begun, afterGap = true, false
				continue
			}
			if err := now.line(lines.count, line, afterGap, lines.limits.Bytes); err != nil {
				yield(now.finish(inBlock(err, now.path)))
				return
			}
			begun, afterGap = true, false
		}
	}
}

// A block is what was read of one directory. Its entries are the caller's once it
// is finished, and its own room for them serves for the next.
type block struct {
	path   string
	parser parser
	lines  int
	bytes  int
}

// begin makes room for the next directory.
func (b *block) begin(path string) {
	old := b.parser
	*b = block{path: strings.Clone(path), parser: parser{names: old.names[:0], most: old.most}}
	b.parser.listing.Entries = old.listing.Entries[:0]
}

// heads reports whether a line that ends in a colon and follows an empty line is
// the heading of the next block. Some servers leave an empty line below the
// heading, so where the block has no lines yet, a line that reads like an entry
// is one.
func (b *block) heads(line string) bool {
	var l Listing
	return b.lines > 0 || listLine(&l, line) != ""
}

// count counts the bytes of the nth line, of which empty ones have one: a text of
// nothing else is a bomb when it is packed.
func (b *block) count(n, bytes, most int) error {
	if b.bytes += bytes; b.bytes > most {
		return &LimitError{Line: n, What: "bytes", Max: most}
	}
	return nil
}

// line reads the nth line of the text, which belongs to this block.
func (b *block) line(n int, line string, afterGap bool, most int) error {
	b.lines++
	if err := b.count(n, len(line), most); err != nil {
		return err
	}
	read := listLine
	switch {
	case !afterGap:
	case b.lines > 1:
		read = refuse(noHeading)
	case strings.HasSuffix(line, ":") && bare(b.path):
		read = refuse(twoWays)
	}
	return b.parser.line(n, line, read)
}

const (
	noHeading = "an empty line is not followed by a heading"
	twoWays   = "it may be an entry or the heading of a directory"
)

// bare reports whether a block's heading begins with a name: then so do the
// others of its text, and a directory's name may read like an entry. (The first
// block may have none.)
func bare(path string) bool {
	return path != "" && path != "." && !strings.HasPrefix(path, "./") && !strings.HasPrefix(path, "/")
}

func refuse(why string) form { return func(*Listing, string) string { return why } }

// finish returns the directory with what is wrong with it: err, or else its
// first bad line.
func (b *block) finish(err error) (Directory, error) {
	l, bad := b.parser.result(slices.Clone(b.parser.listing.Entries))
	if err == nil {
		err = bad
	}
	return Directory{Path: b.path, Listing: l}, err
}

// inBlock says in the error of a limit whose block it was.
func inBlock(err error, path string) error {
	if limit, ok := errors.AsType[*LimitError](err); ok {
		limit.Dir = path
	}
	return err
}

// A lineReader reads lines of bounded length.
type lineReader struct {
	in     *bufio.Reader
	limits Limits
	count  int  // of lines read
	crlf   bool // the first line ended in CR LF
}

// next returns a view of a line without its end, or io.EOF after the last one.
func (r *lineReader) next() (string, error) {
	line, err := r.in.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		return "", &LimitError{Line: r.count + 1, What: "bytes of a line", Max: r.limits.Line}
	case err == io.EOF && len(line) > 0: // a last line without an end
	case err == io.EOF:
		return "", io.EOF
	case err != nil:
		return "", fmt.Errorf("read line %d: %w", r.count+1, err)
	}
	r.count++
	line = bytes.TrimSuffix(line, []byte{'\n'})
	if r.count == 1 {
		r.crlf = bytes.HasSuffix(line, []byte{'\r'})
	}
	if r.crlf {
		line = bytes.TrimSuffix(line, []byte{'\r'})
	}
	return view(line), nil
}
