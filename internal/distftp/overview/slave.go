package overview

import (
	"fmt"
	"strings"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/human"
)

// A Slave is how one is.
type Slave struct {
	Name      string    `json:"name"`
	State     string    `json:"state"` // "online", "away" or "never joined"
	Seen      time.Time `json:"seen,omitzero"`
	Draining  bool      `json:"draining,omitempty"`
	Trusted   bool      `json:"trusted,omitempty"`
	Pending   bool      `json:"pending,omitempty"` // changes have not reached it yet
	Rack      string    `json:"rack,omitempty"`
	Fault     string    `json:"fault,omitempty"` // why it takes no uploads
	Files     int64     `json:"files"`
	Bytes     int64     `json:"bytes"`
	Free      int64     `json:"free"`
	Total     int64     `json:"total"`
	Receiving int       `json:"receiving"`
	Sending   int       `json:"sending"`
	In        int64     `json:"in"` // bytes a second
	Out       int64     `json:"out"`
	Software  string    `json:"software,omitempty"`
}

// The states.
const (
	Online = "online"
	Away   = "away"
	Never  = "never joined"
)

// Recent is how old a report can be for its slave to count as online, where nobody knows
// better. Masters write reports more often than that, whether anything has changed or not.
const Recent = 20 * time.Second

// describe says how a slave is by what the database has of it and, if there is one, its
// live state.
func describe(row *catalogue.Slave, live *wire.State, known bool, now time.Time) Slave {
	report, seen := row.Report, row.Seen
	state := Away
	switch {
	case live != nil:
		report, seen, state = *live, now, Online
	case seen.IsZero():
		state = Never
	case !known && now.Sub(seen) < Recent:
		state = Online
	}
	return Slave{
		Name: row.Name, State: state, Seen: seen, Draining: row.Drain, Trusted: row.Trusted, Pending: row.Last > max(row.Applied, report.Applied),
		Rack: report.Rack, Fault: report.Fault, Files: report.Files, Bytes: report.Bytes, Free: report.Free, Total: report.Total,
		Receiving: report.Receiving, Sending: report.Sending, In: report.In, Out: report.Out, Software: report.Software,
	}
}

// Words say of a slave's state all that is worth a remark.
func (s *Slave) Words(now time.Time) string {
	words := []string{s.State}
	if s.State == Away {
		words[0] = "away for " + human.Span(now.Sub(s.Seen))
	}
	if s.Draining {
		words = append(words, "draining")
	}
	if s.Pending {
		words = append(words, "changes pending")
	}
	if s.Fault != "" {
		words = append(words, s.Fault)
	}
	return strings.Join(words, ", ")
}

// Space says how much is free.
func (s *Slave) Space() string {
	if s.Total == 0 {
		return ""
	}
	return fmt.Sprintf("%s of %s", human.Bytes(s.Free), human.Bytes(s.Total))
}

// Load says what is under way.
func (s *Slave) Load() string {
	if s.State != Online {
		return ""
	}
	return fmt.Sprintf("%d in %s/s, %d out %s/s", s.Receiving, human.Bytes(s.In), s.Sending, human.Bytes(s.Out))
}
