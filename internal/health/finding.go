package health

import (
	"time"

	"mirrortracker/internal/mirror"
)

// A verdict is what one check says of a URL.
type verdict uint8

const (
	good    verdict = iota
	missing         // it answers, but the file is not there, or is of another size
	failed          // no answer, or one that is of no use
	absent          // the name has no address of the family
	busy            // nothing is said: it asks us to come later, or we lack what it takes to ask
	ours            // we have no network of the family ourselves
	verdicts
)

var verdictNames = [verdicts]string{"good", "missing", "failed", "absent", "busy", "ours"}

func (v verdict) String() string { return verdictNames[v] }

// A finding is the result of one check.
type finding struct {
	verdict verdict
	reason  string      // for people; empty where it is good
	file    mirror.Path // that was asked for, "" for the base
}

// bad reports whether the finding speaks against the URL.
func (f finding) bad() bool {
	return f.verdict == missing || f.verdict == failed || f.verdict == absent
}

// maxReason bounds what is kept of a reason, in bytes: servers may have their say in it.
const maxReason = 300

// A question is what one check asks.
type question struct {
	site   mirror.Site
	url    mirror.URL
	family Family
	hosts  hosts // that redirects may lead to
	file   mirror.Path
	size   int64
	whole  time.Duration // for the whole check
}
