package main

import (
	"cmp"
	"fmt"

	"mirrortracker/internal/bench/report"
)

// judge compares what was measured with what is asked for.
func (b *bench) judge() []report.Verdict {
	var all []report.Verdict
	if b.wants("rank") {
		all = append(all, b.atLeast(ranked, 500_000, "answers/s"))
	}
	if b.wants("load") {
		all = append(all, b.atMost(loadedMemory, 4<<10, "MiB"))
	}
	if b.wants("requests") {
		all = append(all,
			b.against(bare, "requests/s", round.rate, func(ratio float64) bool { return ratio >= 0.8 }, "at least 0.8"),
			b.against(bare, "p99", p99, func(ratio float64) bool { return ratio <= 2 }, "at most 2"),
			b.against(mirrorbits, "requests/s", round.rate, func(ratio float64) bool { return ratio >= 10 }, "at least 10"),
			b.atMost(usedMemory, 4<<10, "MiB"))
	}
	if b.wants("change") {
		all = append(all, b.atMost(changeLive, 10, "s"), b.pause())
	}
	if b.wants("restart") {
		all = append(all, b.atMost(restarted, 10, "s"))
	}
	if b.wants("twin") {
		all = append(all, b.atMost(twinMemory, 1024, "KiB"))
	}
	return all
}

// Names of figures.
const (
	ranked       = "resolve and rank on one core"
	loadedMemory = "resident memory after loading"
	usedMemory   = "resident memory after answering"
	changeLive   = "time until a new snapshot is live"
	slowest      = "slowest request while it comes"
	slowestElse  = "slowest request without one"
	restarted    = "time from restart to ready"
	twinMemory   = "memory of one more mirror"
)

// against compares us with another server in something, by the medians.
func (b *bench) against(other, what string, of func(round) float64, reached func(ratio float64) bool, asked string) report.Verdict {
	name := fmt.Sprintf("%s, redirector to %s", what, other)
	mine, theirs := b.results.find(redirector), b.results.find(other)
	if mine == nil || theirs == nil || len(mine.Rounds) == 0 || len(theirs.Rounds) == 0 {
		return report.Skip(name, cmp.Or(b.absent[other], notMeasured))
	}
	ratio := mine.median(of) / theirs.median(of)
	return report.Judge(reached(ratio), name, report.Significant(ratio), asked)
}

// notMeasured is why there is no figure of something that is there.
const notMeasured = "not measured"

// atLeast asks that a figure is not below a bar.
func (b *bench) atLeast(name string, bar float64, unit string) report.Verdict {
	return b.bound(name, unit, fmt.Sprintf("at least %s", report.Significant(bar)), func(value float64) bool { return value >= bar })
}

// atMost asks that a figure is below a bar.
func (b *bench) atMost(name string, bar float64, unit string) report.Verdict {
	return b.bound(name, unit, fmt.Sprintf("less than %s", report.Significant(bar)), func(value float64) bool { return value < bar })
}

func (b *bench) bound(name, unit, asked string, reached func(float64) bool) report.Verdict {
	value, ok := b.results.figure(name)
	if !ok {
		return report.Skip(name, cmp.Or(b.absent[name], notMeasured))
	}
	return report.Judge(reached(value), name, report.Significant(value)+" "+unit, asked)
}

// pause asks that a new index makes no request wait for 50 ms. On a machine on which
// requests do so at other times, too, nothing can be said.
func (b *bench) pause() report.Verdict {
	const bar = 50 // ms
	v := b.atMost(slowest, bar, "ms")
	if without, ok := b.results.figure(slowestElse); ok && v.Short() && without >= bar {
		return report.Skip(slowest, fmt.Sprintf("the machine is busy: %s, and %s ms without one", v.Figure, report.Significant(without)))
	}
	return v
}
