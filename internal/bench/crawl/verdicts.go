package main

import (
	"cmp"
	"fmt"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/bench/run"
)

// judge compares what was measured with what is asked for.
func (b *bench) judge() []report.Verdict {
	var all []report.Verdict
	main := b.options.Dirs
	if b.wants(far) {
		for _, k := range []kind{vsftpd, proftpd, pureFTPd} {
			all = append(all, b.faster(subject{far, main, k.name, ours(1)}, 100, jlaffaye))
		}
	}
	if b.wants("list-only") {
		all = append(all, b.faster(subject{far, listOnlyFolders(main), listOnly.name, ours(1)}, 1.8, jlaffaye))
	}
	if b.wants(loopback) {
		for _, k := range []kind{vsftpd, proftpd, pureFTPd, pyftpdlib} {
			our := subject{loopback, main, k.name, ours(defaultConnections)}
			all = append(all, b.faster(our, 1, lftpFind.name, lftpDu.name), b.faster(our, 1, rclone.name))
		}
		for _, bar := range []struct {
			kind kind
			most float64
		}{{proftpd, 2}, {vsftpd, 2.5}, {pureFTPd, 2.5}} {
			all = append(all, b.within(subject{loopback, main, bar.kind.name, ours(defaultConnections)}, bar.most, curlListing.name))
		}
	}
	if b.wants("large") {
		all = append(all, b.memory(200<<20))
	}
	return all
}

// faster asks that our rate is so many times that of the quickest of some clients.
func (b *bench) faster(our subject, times float64, clients ...string) report.Verdict {
	name := fmt.Sprintf("%s, %s: rate, crawler to %s", our.Distance, our.Server, clients[0])
	mine, theirs, why := b.compare(our, clients)
	if why != "" {
		return report.Skip(name, why)
	}
	median, _, _ := mine.rates()
	quickest := 0.0
	for _, r := range theirs {
		rate, _, _ := r.rates()
		quickest = max(quickest, rate)
	}
	ratio := median / quickest
	reached := ratio >= times && mine.whole()
	asked := fmt.Sprintf("at least %g", times)
	if times == 1 {
		reached, asked = ratio > 1 && mine.whole(), "more than 1"
	}
	return report.Judge(reached, name, figure(ratio, mine), asked)
}

// within asks that we take at most so many times as long as a client.
func (b *bench) within(our subject, times float64, client string) report.Verdict {
	name := fmt.Sprintf("%s, %s: time, crawler to %s", our.Distance, our.Server, client)
	mine, theirs, why := b.compare(our, []string{client})
	if why != "" {
		return report.Skip(name, why)
	}
	ratio := mine.median().Seconds / theirs[0].median().Seconds
	return report.Judge(ratio <= times && mine.whole(), name, figure(ratio, mine), fmt.Sprintf("at most %g", times))
}

// compare returns our result and those of some clients for the same, or why one of them
// is not there.
func (b *bench) compare(our subject, clients []string) (mine *result, theirs []*result, why string) {
	for _, client := range append([]string{our.Client}, clients...) {
		s := our
		s.Client = client
		r := b.results.find(s)
		if r == nil || len(r.Runs) == 0 {
			why := cmp.Or(b.absent[our.Server], b.absent[client], b.unmeasured())
			if r != nil {
				why = r.Skipped
			}
			return nil, nil, why
		}
		theirs = append(theirs, r)
	}
	return theirs[0], theirs[1:], ""
}

// unmeasured says why there is no result at all.
func (b *bench) unmeasured() string {
	if b.late {
		return noTime
	}
	return "not measured"
}

// memory asks that no crawl of the large tree takes more, in bytes.
func (b *bench) memory(most int64) report.Verdict {
	const name = "peak memory of the large tree"
	peak, whole := int64(0), true
	for _, r := range b.results {
		if r.Folders == largeFolders(b.options.Dirs) {
			peak = max(peak, r.peak())
			whole = whole && (r.whole() || r.Distance != loopback)
		}
	}
	if peak == 0 {
		return report.Skip(name, b.unmeasured())
	}
	return report.Judge(peak < most && whole, name, report.Mebibytes(peak)+" MiB", "less than "+report.Mebibytes(most)+" MiB")
}

// figure writes a ratio, and whether our crawls came to their end.
func figure(ratio float64, mine *result) string {
	text := report.Significant(ratio)
	if !mine.whole() {
		text += ", not finished"
	}
	return text
}

// wants reports whether a part of the run is asked for.
func (b *bench) wants(name string) bool { return run.Wants(b.options.Only, name) }
