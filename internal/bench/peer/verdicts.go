package main

import (
	"fmt"
	"strings"

	"mirrortracker/internal/bench/report"
)

// judge compares what was measured with what is asked for.
func (b *bench) judge() []report.Verdict {
	var all []report.Verdict
	if b.wants("size") {
		all = append(all,
			b.share("full pack to the listing", fullSize, listingSize, 1),
			b.share("delta to the full pack", deltaSize, fullSize, 0.02),
			b.proportion())
	}
	if b.wants("import") {
		for _, d := range []struct {
			kind string
			bar  float64
		}{{"SQLite", 10_000}, {"MariaDB", 20_000}} {
			all = append(all,
				b.bound(importRate+d.kind, "trees/s", fmt.Sprintf("at least %s", report.Significant(d.bar)), func(v float64) bool { return v >= d.bar }),
				b.bound(importMemory+d.kind, "MiB", "less than 150", func(v float64) bool { return v < 150 }))
		}
	}
	return all
}

const notMeasured = "not measured"

// share asks that one size is at most a share of another.
func (b *bench) share(name, part, whole string, most float64) report.Verdict {
	p, okPart := b.figure(part)
	w, okWhole := b.figure(whole)
	if !okPart || !okWhole || w == 0 {
		return report.Skip(name, notMeasured)
	}
	return report.Judge(p/w <= most, name, percent(p/w), "at most "+percent(most))
}

// proportion asks that what a second mirror takes is in proportion to what differs: no
// more for each directory than a delta of the first takes, twice over.
func (b *bench) proportion() report.Verdict {
	const name = "second mirror, bytes for a directory"
	var values [4]float64
	for i, figure := range []string{secondSize, secondTrees, deltaSize, deltaTrees} {
		v, ok := b.figure(figure)
		if !ok || v == 0 {
			return report.Skip(name, notMeasured)
		}
		values[i] = v
	}
	second, delta := values[0]/values[1], values[2]/values[3]
	return report.Judge(second <= 2*delta, name, report.Significant(second), "at most "+report.Significant(2*delta)+", twice that of the delta")
}

func (b *bench) bound(name, unit, asked string, reached func(float64) bool) report.Verdict {
	value, ok := b.figure(name)
	name = strings.TrimSpace(name) // of one that stands below another
	if !ok {
		return report.Skip(name, notMeasured)
	}
	return report.Judge(reached(value), name, report.Significant(value)+" "+unit, asked)
}

func percent(share float64) string { return report.Significant(share*100) + " %" }
