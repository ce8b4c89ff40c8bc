package control

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// store answers STOR. After REST the bytes before the offset stay as they are, and
// what comes takes the place of all behind it.
func (s *session) store(arg string) {
	offset, length := s.takeRange()
	if length != 0 {
		s.out.reply(503, "RANG is for downloads, use REST")
		return
	}
	if s.text && offset != 0 {
		s.out.reply(554, "REST is not available in TYPE A, use TYPE I")
		return
	}
	p, err := s.target(arg)
	if err != nil {
		s.fail(err)
		return
	}
	s.receive("STOR", "Send it", p, offset)
}

// appendTo answers APPE (RFC 959, 4.1.3), which makes a file where there is none.
// REST before it has no meaning (RFC 3659, 5.1).
func (s *session) appendTo(arg string) {
	if offset, _ := s.takeRange(); offset != 0 {
		s.out.reply(503, "REST has no meaning before APPE")
		return
	}
	p, err := s.target(arg)
	if err != nil {
		s.fail(err)
		return
	}
	s.receive("APPE", "Send it", p, data.KeepAll)
}

// storeUnique answers STOU: it makes up a name, which begins as the client wishes,
// and tells it as RFC 1123, 4.1.2.9, has it.
func (s *session) storeUnique(arg string) {
	s.takeRange()
	if arg == "" {
		arg = "upload"
	}
	for {
		name := arg + "." + strings.ToLower(rand.Text()[:12])
		p, err := s.target(name)
		if err != nil {
			s.fail(err)
			return
		}
		if _, err := s.FS.Lstat(s.ctx, p); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			s.fail(err)
			return
		}
		s.receive("STOU", "FILE: "+name, p, 0)
		return
	}
}

// receive plans and starts an upload.
func (s *session) receive(verb, opening string, p mirror.Path, keep int64) {
	plan, err := s.planStore(p, keep)
	if err != nil {
		s.fail(err)
		return
	}
	s.start(Transfer{Verb: verb, Path: p, Offset: max(keep, 0)}, opening, plan)
}

func (s *session) planStore(p mirror.Path, keep int64) (data.Plan, error) {
	old, err := s.mayReplace(p, keep)
	if err != nil {
		return data.Plan{}, err
	}
	quota, err := s.quota(old, keep)
	if err != nil {
		return data.Plan{}, err
	}
	storer, ok := s.Planner.(Storer)
	if !ok {
		return data.Plan{}, errReadOnly
	}
	plan, err := storer.Store(s.ctx, s.request(p, keep, 0))
	plan.Quota = quota
	plan.Instead = keep != data.KeepAll && old.Kind == vfs.File && old.Size > keep
	return plan, err
}

// unknownRoom is what is said of a place of which nobody knows how much room there is.
const unknownRoom = "How much room there is is not known"

// allocate answers ALLO (RFC 959, 4.1.3): nothing is reserved, but a client learns
// before it sends that there is no room.
func (s *session) allocate(arg string) {
	size, record, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(arg)), " ")
	if _, err := strconv.ParseUint(strings.TrimPrefix(record, "R "), 10, 63); record != "" && err != nil {
		s.out.reply(501, "ALLO needs an argument: "+s.commands["ALLO"].syntax)
		return
	}
	want, err := strconv.ParseUint(size, 10, 63)
	if err != nil {
		s.out.reply(501, "ALLO needs an argument: "+s.commands["ALLO"].syntax)
		return
	}
	w, err := s.writer()
	if err != nil {
		s.out.reply(202, "Nothing needs to be allocated")
		return
	}
	free, err := s.room(w, s.cwd)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		s.out.reply(202, unknownRoom)
	case err != nil:
		s.fail(err)
	case uint64(free) < want:
		s.out.reply(452, fmt.Sprintf("There is room for %d bytes", free))
	default:
		s.out.reply(200, "There is room")
	}
}
