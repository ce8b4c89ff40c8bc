package admin

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/program"
)

var examples = program.Examples

// settingFlags are what can be said of users and of groups; nil leaves it as it is.
type settingFlags struct {
	Rules              []string   `name:"rule" sep:"none" placeholder:"RULE" help:"What may be done where, such as 'allow read,list /pub/**'. May be repeated: the first that matches wins. All rules that there were are replaced."`
	From               []string   `placeholder:"NETWORK" help:"Address or network from where logins are allowed, such as 192.0.2.0/24. May be repeated. Default: everywhere."`
	MaxBytes           *sizeLimit `placeholder:"SIZE" help:"Quota of what may be uploaded, such as 10GiB. This and all that follow may be \"unlimited\", whatever a group says."`
	MaxFiles           *numLimit  `placeholder:"N" help:"Quota of files that may be uploaded."`
	Up                 *sizeLimit `placeholder:"SIZE" help:"Bytes a second of uploads in each session, such as 5MiB."`
	Down               *sizeLimit `placeholder:"SIZE" help:"Bytes a second of downloads in each session."`
	Sessions           *numLimit  `placeholder:"N" help:"Sessions at a time."`
	SessionsPerAddress *numLimit  `placeholder:"N" help:"Sessions at a time from one address; of IPv6, from one /64."`
}

// change gives what the flags say.
func (f *settingFlags) change(rules *[]account.Rule, networks *[]netip.Prefix, limits *account.Limits) error {
	if err := replace(rules, f.Rules, account.ParseRule); err != nil {
		return err
	}
	if err := replace(networks, f.From, account.ParseNetwork); err != nil {
		return err
	}
	set(&limits.Bytes, f.MaxBytes)
	set(&limits.Files, f.MaxFiles)
	set(&limits.Up, f.Up)
	set(&limits.Down, f.Down)
	set(&limits.Sessions, f.Sessions)
	set(&limits.PerAddress, f.SessionsPerAddress)
	return nil
}

// replace makes a list of what the flags say, if any is given; one empty text makes it
// empty.
func replace[T any](list *[]T, flags []string, parse func(string) (T, error)) error {
	if flags == nil {
		return nil
	}
	*list = nil
	if len(flags) == 1 && flags[0] == "" {
		return nil
	}
	for _, text := range flags {
		item, err := parse(text)
		if err != nil {
			return err
		}
		*list = append(*list, item)
	}
	return nil
}

// A setting is one thing that can be said, by the name of its flag.
type setting struct{ name, value string }

// settings are those that users and groups share, but for rules.
func settings(networks []netip.Prefix, l account.Limits) []setting {
	return []setting{
		{"from", strings.Join(texts(networks), " ")},
		{"max-bytes", size(l.Bytes)},
		{"max-files", l.Files.String()},
		{"up", size(l.Up)},
		{"down", size(l.Down)},
		{"sessions", l.Sessions.String()},
		{"sessions-per-address", l.PerAddress.String()},
	}
}

func texts[T fmt.Stringer](all []T) []string {
	written := make([]string, len(all)) // never null in JSON
	for i, v := range all {
		written[i] = v.String()
	}
	return written
}

// changed says what is another than before.
func changed(name string, before, after []setting) string {
	var all []string
	for i, b := range before {
		if a := after[i]; a.value != b.value {
			all = append(all, fmt.Sprintf("%s from %s to %s", b.name, cmp.Or(b.value, "none"), cmp.Or(a.value, "none")))
		}
	}
	if all == nil {
		return "nothing changed"
	}
	return "changed " + name + ": " + strings.Join(all, ", ")
}

// facts are the settings of which something is said.
func facts(all []setting) [][2]any {
	var pairs [][2]any
	for _, s := range all {
		if s.value != "" {
			pairs = append(pairs, [2]any{s.name, s.value})
		}
	}
	return pairs
}

// parseTime reads a day or a time; the zero time from "".
func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		if t, err = time.Parse(time.RFC3339, text); err != nil {
			return time.Time{}, fmt.Errorf("--expires %q: want a day such as 2027-01-31, or a time such as 2027-01-31T18:00:00Z", text)
		}
	}
	return t.UTC().Truncate(time.Second), nil
}

// printTime writes what parseTime reads.
func printTime(t time.Time) string {
	switch {
	case t.IsZero():
		return ""
	case t.Equal(t.Truncate(24 * time.Hour)):
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339)
}
