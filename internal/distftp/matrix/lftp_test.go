package matrix

import "strings"

var lftp = &client{
	name:    "lftp",
	needs:   []string{"lftp"},
	version: debianVersion("lftp"),
	lacks:   lacking(map[string]string{"EPRT": "sends EPRT with IPv6 only"}),
	relayed: lack(noHint, "PASV upload", "EPSV upload", "EPSV IPv6 upload"),
	fetch: func(j *job, name string) {
		j.lftp("get" + j.lftpResume() + lftpQuote(name) + " -o" + lftpQuote(j.local()))
	},
	store: func(j *job, name string) {
		j.lftp("put" + j.lftpResume() + lftpQuote(j.local()) + " -o" + lftpQuote(name))
	},
	list: func(j *job, name string) []string {
		return baseNames(lines(j.lftp("nlist" + lftpQuote(name))))
	},
	rename: func(j *job, from, to string) { j.lftp("mv" + lftpQuote(from) + lftpQuote(to)) },
	remove: func(j *job, name string) { j.lftp("rm" + lftpQuote(name)) },
}

func (j *job) lftpResume() string {
	if j.resume {
		return " -c"
	}
	return ""
}

func lftpQuote(name string) string {
	return ` "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

func (j *job) lftp(command string) string {
	j.Helper()
	settings := map[string]string{
		"cmd:fail-exit": "yes", "net:max-retries": "1", "ftp:use-utf8": "no",
		"ssl:ca-file": j.server.trust, "ssl:verify-certificate": "yes",
		"ftp:passive-mode": yesNo(!j.active()), "ftp:prefer-epsv": yesNo(j.verb == "EPSV"), "ftp:use-pret": yesNo(j.pret),
		"ftp:ssl-allow": yesNo(j.protection != plain), "ftp:ssl-force": yesNo(j.protection != plain),
		"ftp:ssl-protect-data": yesNo(j.protection != plain), "ftp:ssl-protect-list": yesNo(j.protection != plain),
	}
	var script strings.Builder
	for key, value := range settings {
		script.WriteString("set " + key + " " + value + "; ")
	}
	return j.run("lftp", "--norc", "-c", script.String()+"open "+j.url("")+"; "+command)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
