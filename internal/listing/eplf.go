package listing

import (
	"math"
	"strconv"
	"strings"
	"time"

	"mirrortracker/internal/digest"
)

// eplfLine reads a line of Easily Parsed LIST Format: a plus, facts that each
// end in a comma, a tab, and the name. The facts that count are "/" (a
// directory), "r" (a file), "sN" (its size) and "mN" (seconds since 1970).
func eplfLine(line string) (e Entry, why string) {
	facts, name, ok := strings.Cut(line[1:], "\t")
	if !ok {
		return e, noName
	}
	e.Name = name
	e.Size = digest.UnknownSize
	var dir, file bool
	for fact := range strings.SplitSeq(facts, ",") {
		switch {
		case fact == "":
		case fact == "/":
			dir = true
		case fact == "r":
			file = true
		case fact[0] == 'm':
			if seconds, err := strconv.ParseInt(fact[1:], 10, 64); err == nil && seconds < math.MaxInt32<<16 {
				e.Stamp = stampOf(time.Unix(seconds, 0))
			}
		case fact[0] == 's':
			if e.Size, ok = size(fact[1:]); !ok {
				e.Size, why = digest.UnknownSize, badSize
			}
		}
	}
	switch {
	case dir && !file:
		e.Kind, e.Size = digest.Dir, 0
	case file && !dir:
		e.Kind = digest.File
	default:
		e.Kind, why = digest.Other, noKind
	}
	return e, why
}

const noKind = "it does not tell whether this is a file or a directory"
