package ftplist

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// habits are what is good to know about a site in later crawls too, and does no harm
// where it is not true any more: everything that matters for what a listing means is
// found out by each crawl anew. Maps are replaced, never changed.
type habits struct {
	Unfit       map[Way]lesson `json:"unfit,omitempty"`       // strategies that are of no use
	Connections *lesson        `json:"connections,omitempty"` // how many the site accepts, if a limit was met
}

// A lesson is something learnt about a site.
type lesson struct {
	Why   string    `json:"why,omitempty"`
	Limit int       `json:"limit,omitempty"`
	At    time.Time `json:"at"`
}

// lessonsLast is how long a lesson is believed: servers are replaced.
const lessonsLast = 30 * 24 * time.Hour

// fresh reports whether a lesson is still to be believed.
func (l lesson) fresh(now time.Time) bool { return now.Sub(l.At) < lessonsLast }

// Memory implements [crawl.Source].
func (s *Source) Memory() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.habits
	kept.Unfit = maps.Clone(kept.Unfit)
	delete(kept.Unfit, Index) // an index file is judged by its age, so each time anew
	text, err := json.Marshal(kept)
	if err != nil {
		panic("ftplist: internal error: " + err.Error())
	}
	return string(text)
}

// Remember implements [crawl.Source]. What is too old or cannot be read is as good as
// nothing.
func (s *Source) Remember(memory string) {
	var told habits
	if json.Unmarshal([]byte(memory), &told) != nil {
		return
	}
	now := s.cfg.Now()
	maps.DeleteFunc(told.Unfit, func(_ Way, l lesson) bool { return !l.fresh(now) })
	if c := told.Connections; c != nil && (!c.fresh(now) || c.Limit < 1) {
		told.Connections = nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.habits = told
}

// Account implements [crawl.Source]: how many directories each strategy listed, and
// which were of no use.
func (s *Source) Account() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, strategy := range strategies {
		if n := s.counts[strategy.name]; n > 0 {
			all = append(all, fmt.Sprintf("%s %d", strategy.name, n))
		}
	}
	for _, way := range slices.Sorted(maps.Keys(s.habits.Unfit)) {
		all = append(all, fmt.Sprintf("not %s: %s", way, s.habits.Unfit[way].Why))
	}
	return strings.Join(all, "; ")
}

// Connections implements [crawl.Source].
func (s *Source) Connections(wanted int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.habits.Connections; c != nil {
		return min(wanted, c.Limit)
	}
	return wanted
}

// crowded notes that the site accepts no more connections than are open.
func (s *Source) crowded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.opened > 0 {
		s.habits.Connections = &lesson{Limit: s.opened, At: s.cfg.Now()}
	}
}

// forgo notes that a strategy is of no use.
func (s *Source) forgo(name Way, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.habits.Unfit = with(s.habits.Unfit, name, lesson{Why: why, At: s.cfg.Now()})
}

// forgone reports whether a strategy is known to be of no use.
func (s *Source) forgone(name Way) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.habits.Unfit[name]
	return ok
}

// count notes that a strategy has listed directories.
func (s *Source) count(name Way, dirs int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[Way]int64{}
	}
	s.counts[name] += dirs
}
