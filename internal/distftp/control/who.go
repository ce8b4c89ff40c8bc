package control

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
)

// errKicked ends a session that an administrator wants to end.
var errKicked = errors.New("ended by an administrator")

// errNotAdmin refuses what is for administrators.
var errNotAdmin = fmt.Errorf("for administrators: %w", fs.ErrPermission)

// siteWho answers SITE WHO: who is connected, since when, and what is being transferred.
func (s *session) siteWho(string) {
	if !s.account.Admin {
		s.fail(errNotAdmin)
		return
	}
	s.out.block(211, "Sessions", s.roster.lines(time.Now()), "End of sessions")
}

// siteKick answers SITE KICK, which ends a session by its number in SITE WHO.
func (s *session) siteKick(arg string) {
	if !s.account.Admin {
		s.fail(errNotAdmin)
		return
	}
	number, err := strconv.Atoi(strings.TrimSpace(arg))
	if err != nil || !s.roster.kick(number) {
		s.out.reply(501, "There is no session "+arg+", see SITE WHO")
		return
	}
	s.log.Info("session ended by an administrator", "number", number, "by", s.account.Name)
	s.out.reply(200, "Session "+arg+" is ended")
}

// lines describes all sessions, the oldest first.
func (r *roster) lines(now time.Time) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	places := make([]*place, 0, len(r.places))
	for _, p := range r.places {
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b *place) int { return cmp.Compare(a.number, b.number) })
	lines := make([]string, len(places))
	for i, p := range places {
		doing := "idle"
		if p.doing != nil {
			doing = p.doing.progress(now)
		}
		lines[i] = fmt.Sprintf("%6d %-15s %-15s %8s %s", p.number, p.peer, cmp.Or(p.user, "(login)"),
			now.Sub(p.since).Truncate(time.Second), doing)
	}
	return lines
}

// kick ends a session, if there is one of that number.
func (r *roster) kick(number int) bool {
	r.mu.Lock()
	p, ok := r.places[number]
	r.mu.Unlock()
	if ok {
		p.end(errKicked)
	}
	return ok
}
