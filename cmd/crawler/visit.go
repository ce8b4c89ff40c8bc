package main

import (
	"fmt"
	"strings"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/mirror"
)

// visitFlags say how a site is visited; nil leaves it as it is.
type visitFlags struct {
	Listing     *string          `help:"How its directories are listed: auto, index, stat, recursive, pipelined, single, mlsd or list." placeholder:"WAY"`
	Connections *int             `help:"Connections at a time, from 1 to 32." placeholder:"N"`
	Rate        *float64         `help:"Directories listed per second." placeholder:"N"`
	Bandwidth   *strict.Size     `help:"Bytes of listings per second, such as 64KiB." placeholder:"SIZE"`
	Hours       *string          `help:"Hours of the day in which it may be crawled, such as 22-6." placeholder:"HOURS"`
	Pause       *strict.Duration `help:"The least time between two crawls, such as 12h." placeholder:"TIME"`
	TLS         *string          `name:"tls" help:"Encryption: off or explicit; URLs that begin with ftps:// have the implicit one." placeholder:"WAY"`
	CA          *string          `name:"ca" help:"Certificates to trust instead of the system's." placeholder:"FILE"`
	Insecure    *bool            `negatable:"" help:"Take any certificate."`
	Family      *string          `help:"ipv4 or ipv6. Default: whichever answers first." placeholder:"FAMILY"`
	User        *string          `help:"User to log in as. Default: anonymous." placeholder:"NAME"`
	Password    *string          `help:"Where the password stands: env:NAME or file:PATH." placeholder:"WHERE"`
}

// change gives a visit what the flags say.
func (f *visitFlags) change(v *mirror.Visit) {
	set(&v.Listing, f.Listing)
	set(&v.Connections, f.Connections)
	set(&v.Rate, f.Rate)
	set(&v.Hours, f.Hours)
	set(&v.TLS, f.TLS)
	set(&v.CA, f.CA)
	set(&v.Insecure, f.Insecure)
	set(&v.Family, f.Family)
	set(&v.User, f.User)
	set(&v.Password, f.Password)
	if f.Bandwidth != nil {
		v.Bandwidth = int64(*f.Bandwidth)
	}
	if f.Pause != nil {
		v.Pause = f.Pause.Duration
	}
}

func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

// A setting is what is said of a site by one flag, "" for nothing.
type setting struct{ name, value string }

// settingsOf returns all settings of a visit, in the order of the flags.
func settingsOf(v *mirror.Visit) []setting {
	return []setting{
		{"listing", v.Listing},
		{"connections", text(v.Connections)},
		{"rate", text(v.Rate)},
		{"bandwidth", text(strict.Size(v.Bandwidth))},
		{"hours", v.Hours},
		{"pause", text(strict.Span(v.Pause))},
		{"tls", v.TLS},
		{"ca", v.CA},
		{"insecure", text(v.Insecure)},
		{"family", v.Family},
		{"user", v.User},
		{"password", v.Password},
	}
}

// text writes a value as flags and the configuration do, "" for none.
func text[T comparable](value T) string {
	var none T
	if value == none {
		return ""
	}
	return fmt.Sprint(value)
}

// given writes what is set, in the words of the flags.
func given(all []setting) string {
	var set []string
	for _, s := range all {
		if s.value != "" {
			set = append(set, s.name+"="+s.value)
		}
	}
	return strings.Join(set, " ")
}
