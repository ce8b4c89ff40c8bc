package main

import (
	"cmp"
	"fmt"
	"slices"

	"mirrortracker/internal/bench/report"
)

// judge compares what was measured with what is asked for.
func (b *bench) judge() []report.Verdict {
	var all []report.Verdict
	if b.wants("download") {
		all = append(all, b.faster(plainDownload, 1), b.faster(secureDownload, 0.8))
	}
	if b.wants("files") {
		all = append(all, b.faster(oneConnection, 1), b.faster(eightAtOnce, 0.9))
	}
	if b.wants("logins") {
		all = append(all, b.median(anonymous, round.rate, "a second", "at least 2,500", func(rate float64) bool { return rate >= 2500 }))
	}
	if b.wants("idle") {
		all = append(all, b.memory(justLoggedIn, 20))
	}
	if b.wants("list") {
		for _, m := range []measure{listLong, listFacts} {
			all = append(all, b.median(m, round.millis, "ms", "less than 50", func(ms float64) bool { return ms < 50 }))
		}
	}
	return all
}

// notMeasured is why there is no figure of something that is there.
const notMeasured = "not measured"

// faster asks that our rate is so many times that of vsftpd, by the median of the rounds.
func (b *bench) faster(m measure, times float64) report.Verdict {
	name := fmt.Sprintf("%s, ftpd to vsftpd", m.Name)
	ratio, _, _, ok := b.results.ratio(m, vsftpd)
	if !ok {
		return report.Skip(name, cmp.Or(b.absent[vsftpd], notMeasured))
	}
	return report.Judge(ratio >= times, name, report.Significant(ratio), fmt.Sprintf("at least %g", times))
}

// median asks something of the median of our rounds.
func (b *bench) median(m measure, of func(round) float64, unit, asked string, reached func(float64) bool) report.Verdict {
	mine := b.results.find(m, ours)
	if mine == nil || len(mine.Rounds) == 0 {
		return report.Skip(m.Name, notMeasured)
	}
	value, _, _ := report.Median(mine.Rounds, of)
	return report.Judge(reached(value), m.Name, report.Significant(value)+" "+unit, asked)
}

// memory asks that one of our idle sessions takes less, in KiB.
func (b *bench) memory(kind string, most float64) report.Verdict {
	const name = "memory of an idle session"
	i := slices.IndexFunc(b.results.Idle, func(i idle) bool { return i.Kind == kind && i.Server == ours })
	if i < 0 {
		return report.Skip(name, notMeasured)
	}
	each := b.results.Idle[i].each()
	return report.Judge(each < most, name, report.Significant(each)+" KiB", fmt.Sprintf("less than %g", most))
}
