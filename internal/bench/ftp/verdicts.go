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
	if b.wants("slaves") {
		all = append(all, b.faster(fromSlave, 1), b.faster(throughMaster, 0.6), b.faster(slaveOne, 0.6), b.faster(slaveEight, 0.5), b.independent())
	}
	if b.wants("four") {
		all = append(all, b.faster(fourSlaves, 0.9))
	}
	if b.wants("scale") {
		for _, s := range b.results.Scale {
			all = append(all,
				below(s.Database+": an unchanged slave joins", s.Unchanged, 2, "s"),
				below(s.Database+": a slave with 1 % changed joins", s.Changed, 10, "s"),
				below(s.Database+": LIST", s.Listing, 50, "ms"),
				below(s.Database+": memory of the master", float64(s.Memory)/(1<<20), 300, "MiB"))
		}
	}
	return all
}

// below asks that a figure is less than so much.
func below(name string, figure, most float64, unit string) report.Verdict {
	return report.Judge(figure < most, name, report.Significant(figure)+" "+unit, fmt.Sprintf("less than %g", most))
}

// independent asks that a download from a slave takes no more of the master's processors
// if the file is large. They are counted in hundredths of a second.
func (b *bench) independent() report.Verdict {
	const name = "the master's CPU time for a large download from a slave, to that for a small one"
	if len(b.results.Direct) != 2 {
		return report.Skip(name, notMeasured)
	}
	little, much := b.results.Direct[0].CPU*1e3, b.results.Direct[1].CPU*1e3
	return report.Judge(much <= little+1, name, fmt.Sprintf("%s ms to %s ms", report.Significant(much), report.Significant(little)), "no more than a millisecond above")
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
