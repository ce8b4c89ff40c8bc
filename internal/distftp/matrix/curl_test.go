package matrix

var curl = &client{
	name:          "curl",
	needs:         []string{"curl"},
	version:       debianVersion("curl"),
	apart:         apart("curl 7.87 and 7.88 do not accept data connections under TLS from any server (curl issue 10666)", []string{"PORT", "EPRT", "EPRT IPv6"}, explicit, implicit),
	relayed:       lacking(lack(namesNoHost, "EPSV", "EPSV IPv6", "PRET EPSV", "PRET EPSV IPv6"), lack(ownAddress, "PASV")),
	relayedAbroad: lack("it says TYPE I when it was told where to come, and TYPE A is relayed", "PRET PASV"),
	fetch: func(j *job, name string) {
		j.curl(append(j.curlResume(), "-o", j.local(), j.url(name))...)
	},
	store: func(j *job, name string) {
		j.curl(append(j.curlResume(), "-T", j.local(), j.url(name))...)
	},
	list: func(j *job, name string) []string { return lines(j.curl("-l", j.url(name+"/"))) },
	rename: func(j *job, from, to string) {
		j.curl("-Q", "RNFR "+j.path(from), "-Q", "RNTO "+j.path(to), "-l", j.url(""))
	},
	remove: func(j *job, name string) { j.curl("-Q", "DELE "+j.path(name), "-l", j.url("")) },
}

func (j *job) curlResume() []string {
	if j.resume {
		return []string{"-C", "-"}
	}
	return nil
}

func (j *job) curl(more ...string) string {
	j.Helper()
	args := []string{"-q", "-sS", "-g", "--fail", "--cacert", j.server.trust}
	if j.active() {
		args = append(args, "-P", "-")
	}
	switch j.verb {
	case "PORT":
		args = append(args, "--disable-eprt")
	case "PASV":
		args = append(args, "--disable-epsv")
	}
	if j.pret {
		args = append(args, "--ftp-pret", "--no-ftp-skip-pasv-ip")
	}
	if j.protection == explicit {
		args = append(args, "--ssl-reqd")
	}
	return j.run("curl", append(args, more...)...)
}
