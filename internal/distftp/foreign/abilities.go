package foreign

import (
	"fmt"
	"time"
)

// A Verdict is what is known of one ability.
type Verdict uint8

// The verdicts.
const (
	Unknown Verdict = iota
	Yes
	No
)

var verdicts = [...]string{Unknown: "unknown", Yes: "yes", No: "no"}

// String returns unknown, yes or no.
func (v Verdict) String() string { return verdicts[v] }

// MarshalText implements [encoding.TextMarshaler].
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, name := range verdicts {
		if name == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not one of unknown, yes, no", text)
}

// Abilities are what a server allows to us. The zero value is that of one which was not
// probed yet.
type Abilities struct {
	Port    Verdict `json:"port"`    // it dials IPv4 addresses that are not ours (PORT)
	Eprt    Verdict `json:"eprt"`    // it dials IPv6 addresses that are not ours (EPRT)
	Passive Verdict `json:"passive"` // its passive ports take data connections from elsewhere

	EPSV  Verdict `json:"epsv"`
	REST  Verdict `json:"rest"`
	MLSD  Verdict `json:"mlsd"`
	MDTM  Verdict `json:"mdtm"`
	TLS   Verdict `json:"tls"`   // AUTH TLS, or TLS from the first byte
	Clear Verdict `json:"clear"` // data connections without TLS, though the control connection has it

	// Connections is how many it lets us have open at a time, where that is less than the
	// limit of the Server; 0 where it has not refused any.
	Connections int `json:"connections"`

	Probed time.Time `json:"probed"`          // zero: never
	Learnt time.Time `json:"learnt,omitzero"` // when use has shown something to be otherwise; zero: not since then
}

// doubt is after how long what use has taught is doubted.
const doubt = 24 * time.Hour

// verdicts selects all that can be refused.
func (a *Abilities) verdicts() []*Verdict {
	return []*Verdict{&a.Port, &a.Eprt, &a.Passive, &a.EPSV, &a.REST, &a.MLSD, &a.MDTM, &a.TLS, &a.Clear}
}

// reconsider forgets refusals that use has shown long ago: it may have been a client's
// firewall that refused, and the server may have changed its mind.
func (a *Abilities) reconsider(now time.Time) {
	if a.Learnt.IsZero() || now.Sub(a.Learnt) < doubt {
		return
	}
	a.Learnt = time.Time{}
	for _, v := range a.verdicts() {
		if *v == No {
			*v = Unknown
		}
	}
}

// keep has what could not be found out remain as it was, where that was good. A refusal is to
// be shown again.
func (a *Abilities) keep(was Abilities) {
	for i, before := range was.verdicts() {
		if now := a.verdicts()[i]; *now == Unknown && *before == Yes {
			*now = Yes
		}
	}
}
