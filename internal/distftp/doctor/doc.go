// Package doctor finds out why clients cannot reach an FTP server. It visits one as a
// client does, over each family of addresses, and says what works, what does not, and what
// can be done about it. It can be pointed at any server; what it advises is in the terms
// of ours.
package doctor

import "fmt"

// A Level says how bad something is.
type Level string

// The levels: it works; it works, but not for all or not well; it does not work.
const (
	OK   Level = "ok"
	Warn Level = "warn"
	Fail Level = "fail"
)

// A Finding is the result of one check.
type Finding struct {
	Level  Level  `json:"level"`
	Check  string `json:"check"`            // what was looked at
	Found  string `json:"found"`            // what was seen
	Remedy string `json:"remedy,omitempty"` // what can be done
}

// Findings are the results of all checks, in their order.
type Findings []Finding

// Good adds what works.
func (f *Findings) Good(check, found string, args ...any) {
	*f = append(*f, Finding{Level: OK, Check: check, Found: fmt.Sprintf(found, args...)})
}

// Doubt adds what may be right or not.
func (f *Findings) Doubt(check, remedy, found string, args ...any) {
	*f = append(*f, Finding{Level: Warn, Check: check, Found: fmt.Sprintf(found, args...), Remedy: remedy})
}

// Bad adds what does not work.
func (f *Findings) Bad(check, remedy, found string, args ...any) {
	*f = append(*f, Finding{Level: Fail, Check: check, Found: fmt.Sprintf(found, args...), Remedy: remedy})
}

// Failed counts what does not work.
func (f Findings) Failed() int {
	n := 0
	for _, one := range f {
		if one.Level == Fail {
			n++
		}
	}
	return n
}
