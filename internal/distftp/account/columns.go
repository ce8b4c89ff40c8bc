package account

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// writeRules writes rules as they are stored, one a line.
func writeRules(rules []Rule) []byte {
	text := []byte{} // no rules are not NULL
	for _, r := range rules {
		text = append(text, r.String()...)
		text = append(text, '\n')
	}
	return text
}

// readRules is the reverse. A rule that cannot be read is an error, never passed over: it
// may be one that denies.
func readRules(stored []byte) ([]Rule, error) {
	var rules []Rule
	for line := range bytes.Lines(stored) {
		r, err := ParseRule(strings.TrimSuffix(string(line), "\n"))
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// writeNetworks writes networks as they are stored, with blanks between.
func writeNetworks(networks []netip.Prefix) string {
	all := make([]string, len(networks))
	for i, n := range networks {
		all[i] = n.String()
	}
	return strings.Join(all, " ")
}

// readNetworks is the reverse.
func readNetworks(stored string) ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for text := range strings.FieldsSeq(stored) {
		n, err := ParseNetwork(text)
		if err != nil {
			return nil, err
		}
		networks = append(networks, n)
	}
	return networks, nil
}

// common are the columns that users and groups share.
type common struct {
	Name       string `db:"name"`
	Rules      []byte `db:"rules"`
	Networks   string `db:"networks"`
	Bytes      Limit  `db:"max_bytes"`
	Files      Limit  `db:"max_files"`
	Up         Limit  `db:"max_up"`
	Down       Limit  `db:"max_down"`
	Sessions   Limit  `db:"max_sessions"`
	PerAddress Limit  `db:"max_address"`
}

func commonOf(name string, rules []Rule, networks []netip.Prefix, l Limits) common {
	return common{
		Name: name, Rules: writeRules(rules), Networks: writeNetworks(networks),
		Bytes: l.Bytes, Files: l.Files, Up: l.Up, Down: l.Down, Sessions: l.Sessions, PerAddress: l.PerAddress,
	}
}

func (c *common) limits() Limits {
	return Limits{Bytes: c.Bytes, Files: c.Files, Up: c.Up, Down: c.Down, Sessions: c.Sessions, PerAddress: c.PerAddress}
}

// read reads what is not a number.
func (c *common) read() (rules []Rule, networks []netip.Prefix, err error) {
	if rules, err = readRules(c.Rules); err == nil {
		networks, err = readNetworks(c.Networks)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("what is stored of %s: %w", c.Name, err)
	}
	return rules, networks, nil
}

// toUnix and fromUnix convert times; the zero time is 0.
func toUnix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func fromUnix(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
