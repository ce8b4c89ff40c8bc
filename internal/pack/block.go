package pack

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"

	"mirrortracker/internal/digest"
)

// A draft is a tree of a pack as it was read, its children not looked up yet.
type draft struct {
	number  int64     // its place in the pack
	base    digest.ID // of which it is an edit, or the zero ID
	reason  digest.Reason
	entries []draftEntry
}

// A draftEntry is a line of a draft.
type draftEntry struct {
	digest.Entry     // with a Kind of 0 where it says that the name is gone
	child        ref // of a directory
}

// edits reports whether the draft is an edit.
func (d *draft) edits() bool { return !d.base.IsZero() }

// A blockReader reads the blocks of a pack.
type blockReader struct {
	in   *bufio.Reader
	day  int64 // of the snapshot, since 1970
	next int64 // number of the next tree
	text bytes.Buffer
}

// block reads the next block. At the end of the pack it returns none; the number of trees
// that is given there must be right.
func (b *blockReader) block() ([]draft, error) {
	line, err := readLine(b.in, maxLine)
	if err != nil {
		return nil, err
	}
	if text, ok := bytes.CutPrefix(line, []byte("end ")); ok {
		trees, err := number(string(text))
		if err != nil {
			return nil, err
		}
		if trees != b.next {
			return nil, fmt.Errorf("it ends with %d trees, and says %d", b.next, trees)
		}
		return nil, nil
	}
	text, ok := strings.CutPrefix(string(line), "block ")
	first, second, two := strings.Cut(text, " ")
	if !ok || !two {
		return nil, fmt.Errorf("line %q is neither \"block TREES FILES\" nor \"end TREES\"", cut(string(line)))
	}
	trees, err := number(first)
	if err != nil {
		return nil, err
	}
	files, err := number(second)
	if err != nil {
		return nil, err
	}
	if trees == 0 {
		return nil, errors.New("a block has no trees")
	}
	if trees > maxLines {
		return nil, fmt.Errorf("the block at tree %d has too many lines", b.next)
	}
	drafts, found, err := b.drafts(trees)
	if err != nil {
		return nil, err
	}
	if int64(len(found)) != files {
		return nil, fmt.Errorf("the block at tree %d has %d files, and says %d", b.next-trees, len(found), files)
	}
	return drafts, b.columns(found)
}

// drafts reads the trees of a block, without the sizes and ages of files, and returns
// the files as well.
func (b *blockReader) drafts(trees int64) (all []draft, files []*digest.Entry, err error) {
	lines, size := int64(0), 0
	for range trees {
		d, count, err := b.head()
		if err != nil {
			return nil, nil, fmt.Errorf("tree %d: %w", b.next, err)
		}
		if lines += count + 1; count > maxEntries || lines > maxLines {
			return nil, nil, fmt.Errorf("tree %d: it, or its block, has too many lines", b.next)
		}
		read, err := b.lines(count)
		if err != nil {
			return nil, nil, fmt.Errorf("tree %d: %w", b.next, err)
		}
		if size += len(read); size > maxBlock {
			return nil, nil, fmt.Errorf("tree %d: its block has more than %d bytes", b.next, maxBlock)
		}
		if err := d.parse(read); err != nil {
			return nil, nil, fmt.Errorf("tree %d: %w", b.next, err)
		}
		all = append(all, d)
		b.next++
	}
	for i := range all {
		for j := range all[i].entries {
			if e := &all[i].entries[j].Entry; e.Kind == digest.File {
				files = append(files, e)
			}
		}
	}
	return all, files, nil
}

// head reads with what a tree begins: "tree LINES" or "edit IDENTITY LINES".
func (b *blockReader) head() (d draft, lines int64, err error) {
	line, err := readLine(b.in, maxLine)
	if err != nil {
		return draft{}, 0, err
	}
	d.number = b.next
	verb, rest, _ := strings.Cut(string(line), " ")
	switch verb {
	case "tree":
	case "edit":
		base, count, _ := strings.Cut(rest, " ")
		if d.base, err = digest.ParseID(base); err != nil {
			return draft{}, 0, err
		}
		rest = count
	default:
		return draft{}, 0, fmt.Errorf("line %q is neither \"tree LINES\" nor \"edit IDENTITY LINES\"", cut(string(line)))
	}
	lines, err = number(rest)
	return d, lines, err
}

// lines reads so many lines, with their LFs.
func (b *blockReader) lines(count int64) (string, error) {
	b.text.Reset()
	for range count {
		line, err := readLine(b.in, maxLine)
		if err != nil {
			return "", err
		}
		if b.text.Len()+len(line) > maxTree {
			return "", fmt.Errorf("it has more than %d bytes", maxTree)
		}
		b.text.Write(line)
		b.text.WriteByte('\n')
	}
	return b.text.String(), nil
}

// parse reads the lines of a tree, which must be in the order of names.
func (d *draft) parse(text string) error {
	last := ""
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		text = rest
		if strings.HasPrefix(line, "!") {
			if last != "" || d.edits() || d.reason != "" {
				return fmt.Errorf("line %q does not belong there", cut(line))
			}
			reason, err := digest.ParseReason([]byte(line))
			if err != nil {
				return err
			}
			d.reason = reason
			continue
		}
		e, err := parseEntry(line)
		if err != nil {
			return err
		}
		if e.Kind == 0 && !d.edits() {
			return fmt.Errorf("line %q stands in a tree that is no edit", cut(line))
		}
		if last != "" && e.Name <= last {
			return fmt.Errorf("name %q stands after %q", cut(e.Name), cut(last))
		}
		last = e.Name
		d.entries = append(d.entries, e)
	}
	return nil
}

// parseEntry reads a line of a tree. Size and date of a file are not in it.
func parseEntry(line string) (e draftEntry, err error) {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "f":
		e.Entry = digest.Entry{Kind: digest.File, Name: rest}
	case "-":
		e.Entry = digest.Entry{Name: rest}
	case "d":
		to, name, _ := strings.Cut(rest, " ")
		e.Entry = digest.Entry{Kind: digest.Dir, Name: name}
		if e.child, err = parseRef(to); err != nil {
			return e, err
		}
	case "l":
		e.Entry, _, err = digest.ParseLine([]byte(line))
		return e, err
	default:
		return e, fmt.Errorf("line %q is of no known kind", cut(line))
	}
	if digest.Hidden(e.Name) || !digest.SoundName(e.Name) {
		return e, fmt.Errorf("name %q breaks the rules", cut(e.Name))
	}
	return e, nil
}

// columns reads the sizes and then the ages of files.
func (b *blockReader) columns(files []*digest.Entry) error {
	for _, read := range []func(e *digest.Entry, text string) error{
		func(e *digest.Entry, text string) (err error) { e.Size, err = parseSize(text); return err },
		func(e *digest.Entry, text string) (err error) { e.Date, err = parseAge(text, b.day); return err },
	} {
		for _, e := range files {
			line, err := readLine(b.in, maxLine)
			if err != nil {
				return err
			}
			if err := read(e, string(line)); err != nil {
				return fmt.Errorf("file %q: %w", cut(e.Name), err)
			}
		}
	}
	return nil
}
