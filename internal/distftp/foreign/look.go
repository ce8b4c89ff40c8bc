package foreign

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/listing"
	"mirrortracker/internal/mirror"
)

// What a listing may hold at most.
const (
	mostListed  = 16 << 20 // bytes
	mostEntries = 100_000
)

// Stat returns what a path leads to, whether by links or not: a file or a directory. The
// time is known to the second, or is zero. It returns [fs.ErrNotExist] where there is
// nothing.
func (p *Pool) Stat(ctx context.Context, path mirror.Path) (e vfs.Entry, err error) {
	err = p.with(ctx, func(c *Conn) error {
		e, err = c.Stat(ctx, path)
		return err
	})
	return e, err
}

// List returns what is in a directory, hidden names and links too. Times are known to the
// minute, to the second where the server speaks MLSD, or are zero. It returns
// [fs.ErrNotExist], [fs.ErrPermission], [vfs.ErrNotDir] as far as they can be told apart, a
// [*listing.LineError] of a listing that is not understood, and a [*ftpconn.TooLongError]
// or [*listing.LimitError] of one that is too long.
func (p *Pool) List(ctx context.Context, path mirror.Path) (entries []vfs.Entry, err error) {
	err = p.with(ctx, func(c *Conn) error {
		entries, err = c.List(ctx, path)
		return err
	})
	return entries, err
}

// Free returns how many bytes can still be stored in a directory (AVBL), which few servers
// tell: otherwise the error is [errors.ErrUnsupported].
func (p *Pool) Free(ctx context.Context, path mirror.Path) (free int64, err error) {
	err = p.with(ctx, func(c *Conn) error {
		if !c.Has("AVBL") {
			return errors.ErrUnsupported
		}
		reply, err := c.Cmd(ctx, "AVBL "+string(path))
		if err != nil {
			return err
		}
		if free = sizeOf(reply); free < 0 {
			return c.refusal("AVBL", reply, errors.ErrUnsupported)
		}
		return nil
	})
	return free, err
}

// with does something with a connection; with another one if the server had closed it
// meanwhile.
func (p *Pool) with(ctx context.Context, do func(*Conn) error) error {
	for {
		c, err := p.Take(ctx)
		if err != nil {
			return err
		}
		err = do(c)
		_, long := errors.AsType[*ftpconn.TooLongError](err)
		c.excused = long || ctx.Err() != nil
		stale := c.stale() && !c.excused
		if c.Err() != nil && !c.excused {
			err = p.unavailable(err)
		}
		c.Release()
		if !stale {
			return err
		}
	}
}

// Stat is [Pool.Stat] on this connection.
func (c *Conn) Stat(ctx context.Context, path mirror.Path) (vfs.Entry, error) {
	questions := []string{"SIZE " + string(path), "MDTM " + string(path)}
	if c.Has("MLST") {
		questions = append(questions, "MLST "+string(path))
	}
	if err := c.Send(ctx, questions...); err != nil {
		return vfs.Entry{}, err
	}
	answers := make([]ftpconn.Reply, 3)
	for i := range questions {
		var err error
		if answers[i], err = c.Receive(ctx, maxShort); err != nil {
			return vfs.Entry{}, err
		}
	}
	size, modified, told := sizeOf(answers[0]), timeOf(answers[1]), factsOf(answers[2])
	if modified.IsZero() {
		modified = told.ModTime
	}
	// Of a link proftpd's MLST tells what a file has, but of the link: where there is SIZE,
	// it counts.
	if errors.Is(meaning(answers[0], nil), errors.ErrUnsupported) && told.Links > 0 && told.Kind == vfs.File {
		size = told.Size
	}
	e := vfs.Entry{Name: path.Name(), Kind: vfs.File, Size: size, ModTime: modified, Mode: fileMode, Links: 1, Owner: nobody, Group: nobody}
	switch {
	case told.Links > 0 && told.Kind == vfs.Other:
		e.Kind, e.Mode, e.Size = told.Kind, told.Mode, 0
		return e, nil
	case size >= 0 && (told.Links == 0 || told.Kind != vfs.Directory):
		return e, nil
	case told.Links == 0 || told.Kind != vfs.Directory:
		if err := c.enter(ctx, path); err != nil {
			return vfs.Entry{}, err
		}
	}
	e.Kind, e.Mode, e.Size = vfs.Directory, dirMode, 0
	return e, nil
}

// sizeOf reads a reply to SIZE or AVBL; it is below zero where that tells nothing.
func sizeOf(reply ftpconn.Reply) int64 {
	size, err := strconv.ParseInt(strings.TrimSpace(reply.Text()), 10, 64)
	if err != nil || reply.Code != 213 {
		return -1
	}
	return size
}

// timeOf reads a reply to MDTM; it is zero where that tells nothing.
func timeOf(reply ftpconn.Reply) time.Time {
	if reply.Code != 213 {
		return time.Time{}
	}
	t, _ := listing.ParseMDTM(reply.Text()) // or zero
	return t
}

// factsOf reads a reply to MLST; the entry has no links where that tells nothing.
func factsOf(reply ftpconn.Reply) vfs.Entry {
	if !reply.Positive() {
		return vfs.Entry{}
	}
	line, _, _ := bytes.Cut(bytes.TrimLeft(reply.Body(), "\r\n"), []byte("\n"))
	found, err := listing.ParseMLST(string(line))
	if err != nil {
		return vfs.Entry{}
	}
	found.Name = "of no interest"
	e, _ := entry(found, listing.Dates{})
	return e
}

// maxShort bounds replies that are one line on honest servers, in bytes.
const maxShort = 4 << 10

// enter makes a directory the present one. Other paths are absolute, so that it does not
// matter which that is.
func (c *Conn) enter(ctx context.Context, path mirror.Path) error {
	reply, err := c.Cmd(ctx, "CWD "+string(path))
	if err != nil {
		return err
	}
	if reply.Negative() {
		return c.refusal("CWD", reply, fs.ErrNotExist)
	}
	return nil
}

// List is [Pool.List] on this connection.
func (c *Conn) List(ctx context.Context, path mirror.Path) ([]vfs.Entry, error) {
	c.does("LIST")
	if c.Has("MLST") || c.Has("MLSD") {
		text, _, err := c.Fetch(ctx, "MLSD "+string(path), mostListed)
		if err == nil {
			return entries(listing.ParseMLSDUpTo(text, mostEntries))
		}
		if !refused(err) {
			return nil, err
		}
	}
	if err := c.enter(ctx, path); err != nil {
		return nil, c.whatIs(ctx, path, err)
	}
	text, _, err := c.Fetch(ctx, "LIST -a", mostListed)
	if refused(err) {
		text, _, err = c.Fetch(ctx, "LIST", mostListed)
	}
	if no, ok := errors.AsType[*ftpconn.ReplyError](err); ok && c.Err() == nil {
		return nil, c.refusal(no.Command, no.Reply, fs.ErrPermission)
	}
	if err != nil {
		return nil, err
	}
	return entries(listing.ParseListUpTo(text, mostEntries))
}

// refused reports that a server does not carry out a command, although it understands the
// ones before.
func refused(err error) bool {
	no, ok := errors.AsType[*ftpconn.ReplyError](err)
	return ok && !no.Lost()
}

// whatIs tells a file from a directory that cannot be entered.
func (c *Conn) whatIs(ctx context.Context, path mirror.Path, why error) error {
	if c.Err() != nil || errors.Is(why, fs.ErrPermission) {
		return why
	}
	reply, err := c.Cmd(ctx, "SIZE "+string(path))
	switch {
	case err != nil:
		return err
	case reply.Code == 213:
		return vfs.ErrNotDir
	}
	return why
}

// What servers do not tell of files and directories in a way that would be understood
// everywhere.
const (
	fileMode fs.FileMode = 0o644
	dirMode              = fs.ModeDir | 0o755
	nobody               = "ftp"
)

// entries makes ours of a listing. Names that no path can hold are left out.
func entries(l listing.Listing, err error) ([]vfs.Entry, error) {
	if err != nil {
		return nil, err
	}
	dates := listing.Dates{Now: time.Now(), Zone: time.UTC}
	all := make([]vfs.Entry, 0, len(l.Entries))
	for _, found := range l.Entries {
		if e, ok := entry(found, dates); ok {
			all = append(all, e)
		}
	}
	return all, nil
}

// entry makes one of ours of what was listed.
func entry(found listing.Entry, dates listing.Dates) (e vfs.Entry, ok bool) {
	if found.Name == "" || found.Name == "." || found.Name == ".." || strings.ContainsAny(found.Name, "/\x00\r\n") {
		return vfs.Entry{}, false
	}
	e = vfs.Entry{Name: found.Name, Links: 1, Owner: nobody, Group: nobody, ModTime: modTime(found.Stamp, dates)}
	switch found.Kind {
	case digest.File:
		e.Kind, e.Mode, e.Size = vfs.File, fileMode, max(found.Size, 0)
	case digest.Dir:
		e.Kind, e.Mode = vfs.Directory, dirMode
		if found.Closed {
			e.Mode = fs.ModeDir | 0o700
		}
	case digest.Link:
		e.Kind, e.Mode, e.Target, e.Size = vfs.Link, fs.ModeSymlink|0o777, found.Target, int64(len(found.Target))
	default:
		e.Kind, e.Mode = vfs.Other, fs.ModeIrregular|0o644
	}
	return e, true
}

// modTime is the time of a stamp, as exactly as it tells: zero if not even the day.
func modTime(s listing.Stamp, dates listing.Dates) time.Time {
	if t, ok := dates.Time(s); ok {
		return t.Add(time.Duration(s.Sec) * time.Second)
	}
	if day := dates.Date(s); day.Known() {
		return day.Time()
	}
	return time.Time{}
}
