package control

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"math"
	"strconv"
	"strings"

	"mirrortracker/internal/distftp/checksum"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// checksums are the older commands, each for one algorithm.
var checksums = map[string]string{
	"XCRC": "CRC32", "XMD5": "MD5", "XSHA": "SHA-1", "XSHA1": "SHA-1", "XSHA256": "SHA-256", "XSHA512": "SHA-512",
}

// errBusy says that a checksum would take too long. They are bounded: some at a time in
// all, one per session, none for longer than a client may idle.
var errBusy = errors.New("too much to compute")

// hash answers HASH (draft-bryan-ftpext-hash): a file's digest, by the algorithm that
// OPTS HASH chose, over its bytes as they are, or over those that RANG asked for.
func (s *session) hash(arg string) {
	begin, n := int64(0), int64(math.MaxInt64)
	if s.length != 0 {
		begin, n = s.takeRange()
	}
	p, e, err := s.checkable(arg)
	if err != nil {
		s.fail(err)
		return
	}
	algorithm, last := s.algorithm, max(min(e.Size-begin, n)+begin-1, 0)
	s.checksum("HASH", algorithm, p, begin, n, func(sum []byte) (int, string) {
		return 213, fmt.Sprintf("%s %d-%d %x %s", algorithm, begin, last, sum, arg)
	})
}

// checksumCommand makes the answer to one of the older commands, XCRC and its like: a
// path, in quotes if the offsets of first byte and end follow.
func checksumCommand(verb, algorithm string) func(*session, string) {
	return func(s *session, arg string) {
		path, begin, end, ok := checksumRange(arg)
		if !ok {
			s.out.reply(501, verb+" needs an argument: "+s.commands[verb].syntax)
			return
		}
		p, _, err := s.checkable(path)
		if err != nil {
			s.fail(err)
			return
		}
		s.checksum(verb, algorithm, p, begin, end-begin, func(sum []byte) (int, string) {
			return 250, fmt.Sprintf("%X", sum)
		})
	}
}

// messageDigest answers MD5 (draft-twine-ftpmd5, 3.1).
func (s *session) messageDigest(arg string) {
	p, _, err := s.checkable(arg)
	if err != nil {
		s.fail(err)
		return
	}
	s.checksum("MD5", "MD5", p, 0, math.MaxInt64, func(sum []byte) (int, string) {
		return 251, fmt.Sprintf("%s %X", quote(p), sum)
	})
}

// checksumRange reads the argument of XCRC and its like.
func checksumRange(arg string) (path string, begin, end int64, ok bool) {
	end = math.MaxInt64
	if !strings.HasPrefix(arg, `"`) {
		return arg, 0, end, true
	}
	path, rest, ok := unquote(arg)
	if !ok || path == "" {
		return "", 0, 0, false
	}
	numbers := strings.Fields(rest)
	if len(numbers) > 2 {
		return "", 0, 0, false
	}
	for i, to := range []*int64{&begin, &end}[:len(numbers)] {
		n, err := strconv.ParseUint(numbers[i], 10, 63)
		if err != nil {
			return "", 0, 0, false
		}
		*to = int64(n)
	}
	return path, begin, end, begin <= end
}

// checkable finds the file of which a checksum is wanted.
func (s *session) checkable(arg string) (mirror.Path, vfs.Entry, error) {
	p, err := s.target(arg, Read)
	if err != nil {
		return p, vfs.Entry{}, err
	}
	e, err := s.FS.Stat(s.ctx, p)
	if err == nil && e.Kind != vfs.File {
		err = vfs.ErrNotRegular
	}
	return p, e, err
}

// checksum computes one while commands are read on, so that ABOR can end it.
func (s *session) checksum(verb, algorithm string, p mirror.Path, begin, n int64, answer func(sum []byte) (int, string)) {
	h := newHash(algorithm)
	var sum []byte
	s.compute(verb, p, func(ctx context.Context, flow *data.Flow) (err error) {
		ctx, cancel := context.WithTimeoutCause(ctx, s.IdleTimeout, errBusy)
		defer cancel()
		select {
		case s.hashing <- struct{}{}:
			defer func() { <-s.hashing }()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if elsewhere, ok := s.Planner.(Summer); ok && n > 0 {
			r := data.Request{Path: p, Offset: begin, Client: s.peer}
			if n < math.MaxInt64 {
				r.Length = n
			}
			sum, err = elsewhere.Checksum(ctx, r, algorithm, flow)
			return err
		}
		plan, err := s.Planner.Retrieve(ctx, data.Request{Path: p, Offset: begin, Client: s.peer})
		if err != nil {
			return err
		}
		plan.Flow = flow
		err = plan.Drain(ctx, h, n)
		sum = h.Sum(nil)
		return err
	}, func() (int, string) { return answer(sum) })
}

func newHash(name string) hash.Hash {
	h, ok := checksum.New(name)
	if !ok {
		panic("no algorithm " + name) // the table of commands is wrong
	}
	return h
}

// chooseAlgorithm answers OPTS HASH.
func (s *session) chooseAlgorithm(name string) {
	if name != "" {
		known, ok := checksum.Find(name)
		if !ok {
			s.out.reply(501, "Unknown algorithm, see FEAT")
			return
		}
		s.algorithm = known
	}
	s.out.reply(200, s.algorithm)
}

// hashFeature writes the line of FEAT, the chosen algorithm marked.
func (s *session) hashFeature() string {
	names := checksum.Names()
	for i, name := range names {
		if name == s.algorithm {
			names[i] += "*"
		}
	}
	return "HASH " + strings.Join(names, ";")
}

// available answers AVBL (draft-peterson-streamlined-ftp-command-extensions): how many
// bytes the user can still store in a directory.
func (s *session) available(arg string) {
	w, err := s.writer()
	if err != nil {
		s.fail(err)
		return
	}
	p, err := s.target(arg, Write)
	if err != nil {
		s.fail(err)
		return
	}
	free, err := s.room(w, p)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		s.out.reply(550, unknownRoom)
	case err != nil:
		s.fail(err)
	default:
		s.out.reply(213, strconv.FormatInt(free, 10))
	}
}
