package control

import (
	"fmt"
	"strconv"
	"strings"
	"time"
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
		s.offset, s.length, s.restarted = offset, 0, true
		s.out.reply(350, "Restarting at "+strconv.FormatInt(offset, 10)+", send RETR or STOR")
	}
}

// rangeOf answers RANG (draft-bryan-ftp-range): the first and the last byte that are
// wanted of the next file, for RETR and HASH. "RANG 1 0" is all of it.
func (s *session) rangeOf(arg string) {
	var first, last uint64
	fields := strings.Fields(arg)
	var err, err2 error
	if len(fields) == 2 {
		first, err = strconv.ParseUint(fields[0], 10, 62)
		last, err2 = strconv.ParseUint(fields[1], 10, 62)
	}
	switch {
	case len(fields) != 2 || err != nil || err2 != nil || last < first && (first != 1 || last != 0):
		s.out.reply(501, "RANG needs an argument: "+s.commands["RANG"].syntax)
	case s.text:
		s.out.reply(501, "RANG is not available in TYPE A, use TYPE I")
	case last < first:
		s.offset, s.length = 0, 0
		s.out.reply(350, "All of it, send RETR")
	default:
		s.offset, s.length = int64(first), int64(last-first+1)
		s.out.reply(350, fmt.Sprintf("Restarting at %d, ending at %d, send RETR or HASH", first, last))
	}
}

// takeRange returns the offset of the last REST or RANG, and how many bytes are wanted
// after the latter, 0 for all; once.
func (s *session) takeRange() (offset, length int64) {
	offset, length = s.offset, s.length
	s.offset, s.length, s.restarted = 0, 0, false
	return offset, length
}

// parting bounds what a client that waits for the end of a transfer before it closes
// the data connection loses by that.
const parting = time.Second

// retrieve answers RETR. After REST, 226 waits until the client has closed the data
// connection: aria2 (1.36), which sends REST before each RETR, if only REST 0, does not
// look at a 226 that it reads together with the 150, and waits for a minute. Once it has
// closed it has read the 150. Others pay for that with a round trip, where they go on
// with what was broken off.
func (s *session) retrieve(arg string) {
	restarted := s.restarted
	offset, length := s.takeRange()
	if s.text && (offset != 0 || length != 0) {
		s.out.reply(554, "REST is not available in TYPE A, use TYPE I")
		return
	}
	p, err := s.target(arg, Read)
	if err != nil {
		s.fail(err)
		return
	}
	plan, err := s.Planner.Retrieve(s.ctx, s.request(p, offset, length))
	if err != nil {
		s.fail(err)
		return
	}
	if length != 0 {
		plan.Size = min(plan.Size, length)
	}
	if restarted {
		plan.Parting = parting
	}
	s.start(Transfer{Verb: "RETR", Path: p, Offset: offset, Length: length}, "Here it comes", plan)
}
