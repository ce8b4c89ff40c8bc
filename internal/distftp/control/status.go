package control

import (
	"fmt"
	"math"
	"strings"
	"time"

	"mirrortracker/internal/human"
)

// status answers STAT without an argument (RFC 959, 4.1.3): how the session is set, what
// it has done and, during a transfer, how far that is.
func (s *session) status() {
	lines := []string{
		"Connected from " + s.client.Peer.Addr().String() + " " + s.protectionNow(),
	}
	if s.loggedIn {
		lines = append(lines, "Logged in as "+s.account.Name)
	} else {
		lines = append(lines, "Not logged in")
	}
	lines = append(lines,
		"Directory: "+string(s.cwd),
		"Type: "+s.typeName(),
		fmt.Sprintf("Done: %d uploads, %s; %d downloads, %s; %d listings; %d commands",
			s.counts.Uploads, human.Bytes(s.counts.In), s.counts.Downloads, human.Bytes(s.counts.Out), s.counts.Listings, s.counts.Commands),
	)
	if s.account.Up > 0 || s.account.Down > 0 {
		lines = append(lines, "Limits: uploads "+perSecond(s.account.Up)+", downloads "+perSecond(s.account.Down))
	}
	if t := s.running; t != nil {
		lines = append(lines, "Transfer: "+t.progress(time.Now()))
	} else if s.account.Quota != nil {
		lines = append(lines, "Quota left: "+s.quotaLeft())
	}
	s.out.block(211, "Status of the session", lines, "End of status")
}

// perSecond writes a limit in bytes a second.
func perSecond(limit int64) string {
	if limit == 0 {
		return "unlimited"
	}
	return human.Bytes(limit) + "/s"
}

// quotaLeft says what the user may still store.
func (s *session) quotaLeft() string {
	left, err := s.account.Quota.Left(s.ctx)
	if err != nil {
		s.log.Error("quota not known", "user", s.account.Name, "err", err)
		return "not known at the moment"
	}
	if left.Bytes == math.MaxInt64 && left.Files == math.MaxInt64 {
		return "unlimited"
	}
	bytes, files := "any number of bytes", "any number of files"
	if left.Bytes < math.MaxInt64 {
		bytes = human.Bytes(left.Bytes)
	}
	if left.Files < math.MaxInt64 {
		files = human.Plural(left.Files, "file", "files")
	}
	return bytes + ", " + files
}

// protectionNow says what protects the connections.
func (s *session) protectionNow() string {
	switch {
	case s.guard == nil:
		return "without TLS"
	case s.private:
		return "under TLS, data connections too"
	}
	return "under TLS, data connections without"
}

// progress says what is done and how far it is. It may be called by any goroutine.
func (t *transfer) progress(now time.Time) string {
	var b strings.Builder
	moved, took := t.flow.Moved(), now.Sub(t.Began)
	fmt.Fprintf(&b, "%s %s, %d", t.Verb, t.Path, moved)
	if t.Size >= 0 {
		fmt.Fprintf(&b, " of %d", t.Size)
	}
	fmt.Fprintf(&b, " bytes in %s", took.Round(time.Second))
	if seconds := took.Seconds(); seconds > 0 {
		fmt.Fprintf(&b, ", %s/s", human.Bytes(int64(float64(moved)/seconds)))
	}
	if route := t.flow.Route(); route.Holder != "" {
		fmt.Fprintf(&b, ", %s, %s", route.Kind, route.Holder)
	}
	return b.String()
}
