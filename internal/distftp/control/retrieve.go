package control

import (
	"strconv"
	"strings"
)

// restart answers REST (RFC 3659, 5). The offset counts for the next transfer.
func (s *session) restart(arg string) {
	arg = strings.TrimSpace(arg)
	offset, err := strconv.ParseInt(arg, 10, 64)
	switch {
	case err != nil || offset < 0 || arg[0] == '+':
		s.out.reply(501, "REST needs an offset in bytes")
	case s.text && offset != 0:
		s.out.reply(501, "REST is not available in TYPE A, use TYPE I")
	default:
		s.offset = offset
		s.out.reply(350, "Restarting at "+strconv.FormatInt(offset, 10)+", send RETR or STOR")
	}
}

// takeOffset returns the offset of the last REST, once.
func (s *session) takeOffset() int64 {
	offset := s.offset
	s.offset = 0
	return offset
}

// retrieve answers RETR.
func (s *session) retrieve(arg string) {
	offset := s.takeOffset()
	if s.text && offset != 0 {
		s.out.reply(554, "REST is not available in TYPE A, use TYPE I")
		return
	}
	p, err := s.target(arg, Read)
	if err != nil {
		s.fail(err)
		return
	}
	plan, err := s.Planner.Retrieve(s.ctx, p, offset, s.text)
	if err != nil {
		s.fail(err)
		return
	}
	s.start(Transfer{Verb: "RETR", Path: p, Offset: offset}, "Here it comes", plan)
}
