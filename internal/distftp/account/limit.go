package account

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// A Limit is the most of something. Zero says nothing, so that another may say it.
type Limit int64

// Unlimited is said of a user whose groups have a limit.
const Unlimited Limit = -1

// Limits are what a user, or each member of a group, may have.
type Limits struct {
	Bytes      Limit `json:"bytes,omitempty"`                // quota: of what it has uploaded
	Files      Limit `json:"files,omitempty"`                // quota: as many of them
	Up         Limit `json:"up,omitempty"`                   // bytes a second that each session may upload
	Down       Limit `json:"down,omitempty"`                 // bytes a second that each session may download
	Sessions   Limit `json:"sessions,omitempty"`             // at a time
	PerAddress Limit `json:"sessions_per_address,omitempty"` // at a time, from one IPv4 address or one IPv6 /64
}

// or returns the limits, with those of others where nothing is said.
func (l Limits) or(others Limits) Limits {
	for i, limit := range l.each() {
		if *limit == 0 {
			*limit = *others.each()[i]
		}
	}
	return l
}

// settled returns the limits as they are enforced: 0 for none.
func (l Limits) settled() Limits {
	for _, limit := range l.each() {
		*limit = max(*limit, 0)
	}
	return l
}

// validate looks for limits that cannot be.
func (l Limits) validate() error {
	for _, limit := range l.each() {
		if *limit < Unlimited {
			return fmt.Errorf("a limit of %d cannot be: want a number above 0, or unlimited", *limit)
		}
	}
	return nil
}

// each returns all limits, in the order of the struct.
func (l *Limits) each() []*Limit {
	return []*Limit{&l.Bytes, &l.Files, &l.Up, &l.Down, &l.Sessions, &l.PerAddress}
}

// String writes the number, "unlimited", or nothing for zero.
func (l Limit) String() string {
	switch l {
	case 0:
		return ""
	case Unlimited:
		return "unlimited"
	}
	return strconv.FormatInt(int64(l), 10)
}

// MarshalJSON writes a number, or "unlimited".
func (l Limit) MarshalJSON() ([]byte, error) {
	if l == Unlimited {
		return json.Marshal(l.String())
	}
	return json.Marshal(int64(l))
}
