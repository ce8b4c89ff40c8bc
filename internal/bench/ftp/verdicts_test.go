package main

import (
	"slices"
	"testing"
)

// rounds are turns that took so many seconds for a unit each.
func rounds(seconds ...float64) (all []round) {
	for _, s := range seconds {
		all = append(all, round{Units: 1, Seconds: s, CPU: s / 2})
	}
	return all
}

// Servers are compared round by round, as the machine is not equally fast in all of them.
func TestJudge(t *testing.T) {
	all := results{
		Rates: []*rated{
			{plainDownload, ours, rounds(1, 10, 1)},
			{plainDownload, vsftpd, rounds(1.5, 15, 15)},
			{secureDownload, ours, rounds(2)},
			{secureDownload, vsftpd, rounds(1)},
			{anonymous, ours, rounds(1./3000, 1./2000, 1./2600)},
			{listLong, ours, rounds(0.060)},
		},
		Idle:   []idle{{justLoggedIn, vsftpd, 1, 300 << 10}, {justLoggedIn, ours, 10, 150 << 10}},
		Direct: []direct{{once, 0.002}, {large, 0.0035}},
	}
	b := &bench{options: &runCommand{}, results: all, absent: map[string]string{}}
	var got []string
	for _, v := range b.judge() {
		got = append(got, v.String())
	}
	want := []string{
		"ok download, ftpd to vsftpd 1.50 (asked: at least 1)",
		"short download over TLS, ftpd to vsftpd 0.50 (asked: at least 0.8)",
		"skip files of 4 KiB, one connection, ftpd to vsftpd (not measured)",
		"skip files of 4 KiB, eight connections, ftpd to vsftpd (not measured)",
		"ok anonymous logins 2,600 a second (asked: at least 2,500)",
		"ok memory of an idle session 15.0 KiB (asked: less than 20)",
		"short LIST 60.0 ms (asked: less than 50)",
		"skip MLSD (not measured)",
		"skip download from a slave, ftpd to vsftpd (not measured)",
		"skip download through the master, ftpd to vsftpd (not measured)",
		"skip files of 4 KiB from a slave, one connection, ftpd to vsftpd (not measured)",
		"skip files of 4 KiB from a slave, eight connections, ftpd to vsftpd (not measured)",
		"short the master's CPU time for a large download from a slave, to that for a small one 3.50 ms to 2.00 ms (asked: no more than a millisecond above)",
		"skip four downloads from four slaves, ftpd to vsftpd (not measured)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("verdicts:\n%q\nwant:\n%q", got, want)
	}
	b.absent[vsftpd], b.results = "not there", results{}
	if got := b.judge()[0].String(); got != "skip download, ftpd to vsftpd (not there)" {
		t.Errorf("without vsftpd: %s", got)
	}
}
