package control

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"time"

	"mirrortracker/internal/distftp/checksum"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/guard"
	"mirrortracker/internal/distftp/list"
	"mirrortracker/internal/mirror"
)

// How many commands are taken from the client while a transfer runs, and of how many
// bytes. Behind that they wait in the connection, and so does an ABOR among them.
const (
	backlog      = 64
	backlogBytes = 2 * maxLine
)

// A session is the state of one control connection. One goroutine reads commands
// and answers them; a transfer has a second one, which touches nothing here but the
// reply writer.
type session struct {
	*Engine
	base        context.Context // of the session
	ctx         context.Context // of what its user does
	conn        net.Conn
	in          lines
	out         *replies
	log         *slog.Logger
	local, peer netip.Addr
	place       *place
	door        Door
	client      Client    // for events
	began       time.Time // the session
	counts      Counts
	commanded   Commanded // the event of the last command; there are too many to make each anew

	loginBy  time.Time // when the client must have logged in
	host     string    // as HOST gave it
	program  string    // as CLNT or CSID gave it
	signs    signs     // of other ways of telling
	user     string    // as USER gave it
	failures int       // failed logins
	loggedIn bool
	account  Account
	FS       FS // the account's
	Planner  Planner
	access   Access

	cwd       mirror.Path
	text      bool       // TYPE A; the default
	offset    int64      // of the last REST or RANG
	length    int64      // of the last RANG; 0: to the end
	restarted bool       // REST was sent since the last transfer
	facts     list.Facts // that MLSD and MLST show

	algorithm string // of HASH

	idle time.Duration // for one command to arrive, whole

	renaming mirror.Path // what RNFR named, or ""
	copying  mirror.Path // what SITE CPFR named, or ""

	guard        *guard.Guard // nil without TLS
	private      bool         // PROT P
	reversed     bool         // SSCN ON
	reversedOnce bool         // the meeting was made by CPSV

	epsvAll bool          // EPSV ALL was sent
	cepr    bool          // CEPR ON: EPSV names the address
	meeting data.Meeting  // for the next transfer; nil without PASV or PORT
	mode    string        // the command that made the meeting
	why     string        // why the client was told to come here
	tried   bool          // a transfer was asked for since
	coming  expectation   // what will be asked for after PASV
	lot     uint64        // that was drawn by to find the client a place elsewhere; 0: none
	paces   [3]*data.Pace // of the account, by direction
	running *transfer     // nil when none is under way
	aborted bool          // the last transfer was broken off by ABOR, not yet answered
	ended   time.Time     // when the last transfer did
	stays   bool          // for a last word of the client, while the server stops

	queue  [][]byte // commands that arrived while a transfer was running
	queued int      // bytes in it
	broken error    // why no more commands can be read
	over   bool     // QUIT was answered, or a reason to hang up
}

func newSession(ctx context.Context, e *Engine, conn net.Conn, place *place, door Door) *session {
	s := &session{
		Engine: e,
		base:   ctx,
		ctx:    ctx,
		conn:   conn,
		out:    newReplies(timedConn{ctx, conn, e.DataTimeout}),
		log:    e.Log.With("client", conn.RemoteAddr().String()),
		local:  address(conn.LocalAddr()),
		peer:   place.peer,
		place:  place,
		door:   door,
		client: describe(conn),
		began:  time.Now(),
	}
	s.client.Number = place.number
	s.loginBy = s.began.Add(e.LoginTimeout)
	s.reinitialize()
	return s
}

// reinitialize brings everything to where a session begins (RFC 959, 5.1), except what
// protects its connections.
func (s *session) reinitialize() {
	s.logOut()
	s.text = true
	s.offset, s.length, s.restarted = 0, 0, false
	s.facts = list.AllFacts
	s.algorithm = checksum.Default
	s.idle = s.IdleTimeout
	s.epsvAll, s.cepr = false, false
	s.reversed = false
}

// run answers commands until the session is over.
func (s *session) run() {
	if s.door.Implicit {
		s.client.Protection = Implicit
	}
	s.Observer.Observe(&Connected{&s.client})
	defer func() { s.Observer.Observe(&Disconnected{&s.client, time.Since(s.began), s.counts}) }()
	if s.door.Implicit {
		if !s.protect() {
			return
		}
		s.private = true
	}
	s.out.reply(220, s.Banner)
	for !s.over {
		line, err := s.next()
		if err != nil {
			s.hangUp(err)
			break
		}
		if s.counts.Commands == 0 {
			s.place.speaks()
		}
		s.execute(line)
	}
	s.dropMeeting()
	s.out.flush()
	s.place.leave() // before the client can come back
	s.conn.Close()  // under TLS, not without saying so
}

// next returns the next command to answer. If a transfer is running it is brought to
// its end first: commands are answered in order.
func (s *session) next() ([]byte, error) {
	for {
		switch {
		case s.running != nil:
			s.accompany()
			s.finish()
		case s.draining():
			return s.lastWord()
		case len(s.queue) > 0:
			line := s.queue[0]
			s.queue = s.queue[1:]
			s.queued -= len(line)
			return line, nil
		case s.broken != nil:
			return nil, s.broken
		default:
			line, err := s.read(s.patience())
			switch {
			case err == errInterrupted && s.draining():
				continue
			case err != errOverlong:
				return line, err
			}
			s.out.reply(500, "Command line too long")
		}
	}
}

// lingering is how long a client may take, when the server stops, to read what a transfer
// has sent. A 421 that came in the midst of that would count as the end of the transfer
// with some clients.
const lingering = 10 * time.Second

// lastWord returns a command by which a client leaves whose transfer has just ended,
// while the server stops. Everybody else is interrupted.
func (s *session) lastWord() ([]byte, error) {
	s.stays = true
	var line []byte
	var err error
	if len(s.queue) > 0 {
		line, s.queue = s.queue[0], s.queue[1:] // s.queued matters no more
	} else {
		line, err = s.read(s.ended.Add(lingering))
	}
	if verb, _, _ := parse(line); err == nil && (verb == "QUIT" || verb == "ABOR") {
		return line, nil
	}
	return nil, errInterrupted
}

// patience returns when the command that is waited for must have arrived. It does
// not move with every byte, so that a client cannot stay for ever by trickling.
func (s *session) patience() time.Time {
	if !s.loggedIn {
		return s.loginBy
	}
	return time.Now().Add(s.idle)
}

// errInterrupted is returned by read when there is something else to do: the
// server stops, or the transfer has ended.
var errInterrupted = errors.New("interrupted")

// read returns the next line that the client sends. Replies are flushed only when
// no further line is at hand, so that the answers to pipelined commands leave
// together.
func (s *session) read(deadline time.Time) ([]byte, error) {
	for {
		if line, err := s.in.next(); line != nil || err != nil {
			return line, err
		}
		if err := s.out.flush(); err != nil {
			return nil, err
		}
		if err := s.conn.SetReadDeadline(deadline); err != nil {
			return nil, err
		}
		// Whoever interrupts sets the deadline after making the reason visible here,
		// so that one of the two is always seen.
		if s.interrupted() {
			return nil, errInterrupted
		}
		err := s.in.fill(s.conn)
		switch {
		case err == nil:
		case s.interrupted():
			return nil, errInterrupted
		case deadline.IsZero() && errors.Is(err, os.ErrDeadlineExceeded):
			// The server stops, but the transfer may go on.
		default:
			return nil, err
		}
	}
}

func (s *session) interrupted() bool {
	if s.running == nil {
		return s.ctx.Err() != nil || s.draining() && !s.stays
	}
	return s.ctx.Err() != nil || s.running.ended()
}

// draining reports whether the server stops, and the session with it once nothing is
// transferred.
func (s *session) draining() bool { return s.roster.draining.Load() }

// hangUp tells the client why the session ends, where it may still be listening.
func (s *session) hangUp(err error) {
	switch {
	case context.Cause(s.ctx) == errKicked:
		s.out.reply(421, "An administrator has ended this session")
	case context.Cause(s.ctx) == errDisplaced:
		s.noise().Info("session displaced")
		s.out.reply(421, "Too many sessions, others come first")
	case s.ctx.Err() != nil, s.draining():
		s.out.reply(421, "Server is shutting down")
	case errors.Is(err, os.ErrDeadlineExceeded) && !s.loggedIn:
		s.out.reply(421, "Login timeout")
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.out.reply(421, "Idle timeout")
	case errors.Is(err, io.EOF):
	default:
		s.log.Debug("control connection lost", "err", err)
	}
}

// dropMeeting closes what PASV opened and no transfer used.
func (s *session) dropMeeting() {
	if s.meeting != nil {
		s.unmet()
		s.place.listens(nil)
		s.meeting.Close()
		s.meeting, s.reversedOnce = nil, false
	}
}
