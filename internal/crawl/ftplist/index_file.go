package ftplist

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"

	"mirrortracker/internal/crawl"
	"mirrortracker/internal/digest"
)

// What is taken of an index file. Listings shrink to a tenth as a rule, and very
// regular ones to a hundredth.
const (
	maxIndex     = 1 << 30  // bytes of the file
	maxIndexText = 16 << 30 // bytes of the text in it
	maxRatio     = 500      // of the two
	maxLookBack  = 64 << 20 // bytes that a decompressor may look back: xz -9
	minIndexRate = 8 << 10  // bytes a second, beside Config.Whole
)

// indexNames are what `ls -lR`, -laR and -lAR are published as. Mirrors of mainframes
// have LS-LR and the like, but not for any other system.
var indexNames = []string{"ls-lR", "ls-laR", "ls-lAR"}

// An indexForm is a way of packing an index file.
type indexForm struct {
	suffix string
	open   func(io.Reader) (io.ReadCloser, error)
}

// indexForms are the forms, the smallest first.
var indexForms = []indexForm{
	{".xz", openXZ},
	{".zst", openZstd},
	{".gz", func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }},
	{"", func(r io.Reader) (io.ReadCloser, error) { return io.NopCloser(r), nil }},
}

// openXZ uses a decoder that refuses large dictionaries before it makes room for them.
func openXZ(r io.Reader) (io.ReadCloser, error) {
	d, err := xz.NewReader(r, maxLookBack)
	return io.NopCloser(d), err
}

func openZstd(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxLookBack))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// findIndex returns the best index file in the listing of a root.
func findIndex(root crawl.Listing) (digest.Entry, indexForm, bool) {
	for _, form := range indexForms {
		for _, name := range indexNames {
			i := slices.IndexFunc(root.Entries, func(e digest.Entry) bool {
				return e.Name == name+form.suffix && e.Kind == digest.File && 0 < e.Size && e.Size <= maxIndex
			})
			if i >= 0 {
				return root.Entries[i], form, true
			}
		}
	}
	return digest.Entry{}, indexForm{}, false
}

// An indexFile is a copy of an index file, which nobody else sees and which is gone when
// it is closed.
type indexFile struct {
	name string
	size int64
	form indexForm
	copy *os.File
}

// Close removes the copy.
func (f *indexFile) Close() error { return f.copy.Close() }

// errSlowIndex ends the transfer of an index file.
var errSlowIndex = errors.New("the transfer takes too long")

// fetchIndex copies an index file of the root.
func (l *lister) fetchIndex(ctx context.Context, entry digest.Entry, form indexForm) (*indexFile, error) {
	temp, err := os.CreateTemp("", "mirrortracker-index-*")
	if err != nil {
		return nil, unfit("no room for %s: %v", entry.Name, err)
	}
	os.Remove(temp.Name()) // the file stays until it is closed, whatever happens
	f := &indexFile{name: entry.Name, size: entry.Size, form: form, copy: temp}
	if err := l.copyIndex(ctx, f); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// copyIndex returns an unfitError, with the connection ready for use, where the file
// is the reason that it failed.
func (l *lister) copyIndex(ctx context.Context, f *indexFile) error {
	long := l.cfg.Whole + time.Duration(f.size/minIndexRate)*time.Second
	whole, cancel := context.WithTimeoutCause(ctx, long, errSlowIndex)
	defer cancel()
	t, err := l.conn.Open(whole, "RETR "+f.name)
	if err != nil {
		return l.indexLost(ctx, f, err)
	}
	n, copyErr := io.Copy(f.copy, io.LimitReader(t, f.size+1))
	last, err := t.Close()
	_, full := errors.AsType[*fs.PathError](copyErr)
	switch {
	case full:
		err = unfit("no room for %s: %v", f.name, copyErr)
	case n > f.size:
		err = unfit("%s is longer than the %d bytes that the root shows", f.name, f.size)
	case err != nil || copyErr != nil:
		err = cmp.Or(err, copyErr)
	case last.Code != 226 && last.Code != 250:
		return unfit("%s: the server ends the transfer with %q", f.name, last)
	case n < f.size:
		return unfit("%s has %d bytes, and the root shows %d", f.name, n, f.size)
	default:
		return nil
	}
	return l.indexLost(ctx, f, err)
}

// indexLost tells errors that end the use of an index file from those that end the
// connection. Where a transfer was given up it takes a new connection.
func (l *lister) indexLost(ctx context.Context, f *indexFile, err error) error {
	if no, ok := refused(err); ok {
		return unfit("%s: %v", f.name, no)
	}
	if errors.Is(err, errSlowIndex) {
		err = unfit("%s: %v", f.name, errSlowIndex)
	}
	if !ends(err) {
		return err
	}
	l.hangUp()
	return cmp.Or(l.connect(ctx), err)
}

// text returns the text in the file, from its beginning. Reading fails where it is
// too long.
func (f *indexFile) text() (io.ReadCloser, error) {
	packed := bufio.NewReaderSize(io.NewSectionReader(f.copy, 0, f.size), 1<<16)
	text, err := f.form.open(packed)
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return &bounded{ReadCloser: text, left: textBound(f.size)}, nil
}

// textBound is how much text an index file of a size may hold.
func textBound(size int64) int64 { return min(maxRatio*size+1<<20, maxIndexText) }

// bounded fails where there is more to read than a number of bytes.
type bounded struct {
	io.ReadCloser
	left int64
}

var errLongIndex = errors.New("the text is longer than an index file of that size may hold")

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errLongIndex
	}
	return n, err
}
