package ftplist

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"
)

// rules is the version of the rules by which listings are read. It goes up when a
// directory could come out differently.
const rules = 3

// What is known of a site's MLSD.
type mlsdState string

const (
	mlsdUnproven mlsdState = ""        // nobody has seen a link in it yet
	mlsdProven   mlsdState = "proven"  // it shows links as links
	mlsdFollows  mlsdState = "follows" // it shows links as what they lead to
	mlsdMissing  mlsdState = "missing" // there is no such command
)

// facts are the settings under which a site is listed, and what was learnt about
// it. They are guarded by the Source's mutex. Maps are replaced, never changed.
type facts struct {
	Rules int    `json:"rules"`
	Way   Way    `json:"way"`
	Zone  string `json:"zone,omitempty"` // declared by the operator

	MLSD       mlsdState `json:"mlsd,omitempty"`
	Unverified bool      `json:"unverified,omitempty"` // a directory is incomplete because MLSD is unproven
	LinkAt     []byte    `json:"link_at,omitempty"`    // the path of a directory with a link that MLSD can be proven with

	DashA     bool              `json:"dash_a,omitempty"`     // LIST -a was answered once
	Plain     bool              `json:"plain,omitempty"`      // LIST must be sent without -a
	ShowsSelf map[string]bool   `json:"shows_self,omitempty"` // by command: whether it shows the directory itself
	Whole     map[string]length `json:"whole,omitempty"`      // by command
	Stat      statForm          `json:"stat,omitempty"`       // how STAT is to be sent

	ZoneUnknown bool           `json:"zone_unknown,omitempty"` // LIST's dates are not UTC
	Compared    map[month]bool `json:"compared,omitempty"`     // months whose dates agreed with MDTM
	Timeless    int            `json:"timeless,omitempty"`     // dates without a time of day that agreed
	NoMDTM      bool           `json:"no_mdtm,omitempty"`
	Untold      int            `json:"untold,omitempty"` // times that MDTM did not tell

	Owed [][]byte `json:"owed,omitempty"` // directories that must be looked at before a crawl ends, see owe
}

// A memory is what a Source knows of a site, and its guard.
type memory struct {
	mu      sync.Mutex
	facts   facts
	habits  habits
	counts  map[Way]int64 // directories listed by each strategy
	agreed  map[Way]int   // listings of each strategy that were the same singly
	entered bool          // a connection was logged in
	opened  int           // connections at this moment
	host    string        // the address to which they go, or went
	anyHost bool          // the next may go to any address of the site's name

	recursions recursions // seen by this Source
}

// learn changes the facts.
func (m *memory) learn(change func(*facts)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.facts)
}

// known returns the facts of this moment. Its maps must not be changed.
func (m *memory) known() facts {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.facts
}

// Facts implements [crawl.Source].
func (s *Source) Facts() string {
	text, err := json.Marshal(s.known())
	if err != nil {
		panic("ftplist: internal error: " + err.Error())
	}
	return string(text)
}

// Recall implements [crawl.Source]: what was learnt under the same rules and
// settings still holds.
func (s *Source) Recall(text string) bool {
	var f facts
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if d.Decode(&f) != nil {
		return false
	}
	now := s.known()
	if f.Rules != now.Rules || f.Way != now.Way || f.Zone != now.Zone {
		return false
	}
	s.learn(func(known *facts) { *known = f })
	return true
}

// zoneName is what facts call a declared zone.
func zoneName(zone *time.Location) string {
	if zone == nil {
		return ""
	}
	return zone.String()
}

// with returns the map with one more pair; the map may be in use elsewhere.
func with[K comparable, V any](m map[K]V, key K, value V) map[K]V {
	m = maps.Clone(m)
	if m == nil {
		m = map[K]V{}
	}
	m[key] = value
	return m
}

// A month stands for the files of which one is compared with MDTM: those of a
// month of the calendar, because a zone with summer time agrees with UTC in
// winter only; and those listed with a time of day apart from those without,
// because the latter show an error only where it moves the date.
type month struct {
	number   int8
	withTime bool
}

// MarshalText makes a month a key in JSON: "03" or "03 with time".
func (m month) MarshalText() ([]byte, error) {
	if m.withTime {
		return fmt.Appendf(nil, "%02d with time", m.number), nil
	}
	return fmt.Appendf(nil, "%02d", m.number), nil
}

// UnmarshalText reads what MarshalText writes.
func (m *month) UnmarshalText(text []byte) error {
	number, withTime := bytes.CutSuffix(text, []byte(" with time"))
	m.withTime = withTime
	_, err := fmt.Sscanf(string(number), "%02d", &m.number)
	return err
}
