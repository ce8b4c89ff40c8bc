package matrix

import _ "embed"

//go:embed testdata/client.py
var ftplibScript string

var ftplib = &client{
	name:    "Python ftplib",
	needs:   []string{"/usr/bin/python3"},
	version: firstLine("/usr/bin/python3", "--version"),
	lacks: lacking(noPret, onlyIPv6Extended, map[string]string{
		string(implicit): "FTP_TLS is explicit",
	}),
	relayed: lacking(lack(namesNoHost, "EPSV IPv6"), lack(ownAddress, "PASV")),
	fetch:   func(j *job, name string) { j.library("fetch", name) },
	store:   func(j *job, name string) { j.library("store", name) },
	list:    func(j *job, name string) []string { return baseNames(lines(j.library("list", name))) },
	rename:  func(j *job, from, to string) { j.library("rename", from, to) },
	remove:  func(j *job, name string) { j.library("remove", name) },
}

//go:embed testdata/client.pl
var netftpScript string

var netftp = &client{
	name:    "Perl Net::FTP",
	needs:   []string{"/usr/bin/perl"},
	version: firstLine("/usr/bin/perl", "-MNet::FTP", "-e", `print "Net::FTP $Net::FTP::VERSION, Perl $^V\n"`),
	lacks:   lacking(noPret, onlyIPv6Extended),
	relayed: lacking(lack(namesNoHost, "EPSV IPv6"), lack(noHint, "PASV download", "PASV resumed download", "PASV upload")),
	fetch:   func(j *job, name string) { j.library("fetch", name) },
	store:   func(j *job, name string) { j.library("store", name) },
	list:    func(j *job, name string) []string { return baseNames(lines(j.library("list", name))) },
	rename:  func(j *job, from, to string) { j.library("rename", from, to) },
	remove:  func(j *job, name string) { j.library("remove", name) },
}

// library runs the script of a language's library.
func (j *job) library(operation string, names ...string) string {
	j.Helper()
	how := "passive"
	if j.active() {
		how = "active"
	}
	offset := ""
	if j.resume {
		offset = "resume"
	}
	program, script := []string{"/usr/bin/python3", "-c"}, ftplibScript
	if j.client.name == "Perl Net::FTP" {
		program, script = []string{"/usr/bin/perl", "-e"}, netftpScript
	}
	args := []string{program[1], script, j.host(), j.port(), user, password, how, string(j.protection), j.server.trust, j.folder, j.local(), offset, operation}
	return j.run(program[0], append(args, names...)...)
}
