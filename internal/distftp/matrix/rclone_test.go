package matrix

import (
	"os"
	"strconv"
	"strings"
)

var rclone = &client{
	name:    "rclone",
	needs:   []string{"rclone"},
	version: firstLine("rclone", "version"),
	lacks: lacking(onlyPassive, alwaysPret, map[string]string{
		"resumed upload": "uploads begin anew",
	}),
	relayed:   lacking(lack(namesNoHost, "PRET EPSV", "PRET EPSV IPv6"), lack(ownAddress, "PRET PASV")),
	mayFollow: "PRET PASV",
	fetch: func(j *job, name string) {
		if j.resume {
			rest := j.rclone("cat", "--offset", strconv.Itoa(len(half)), "matrix:"+j.path(name))
			f, err := os.OpenFile(j.local(), os.O_APPEND|os.O_WRONLY, 0)
			j.must(err)
			_, err = f.WriteString(rest)
			j.must(err)
			j.must(f.Close())
			return
		}
		j.rclone("copyto", "matrix:"+j.path(name), j.local())
	},
	store: func(j *job, name string) { j.rclone("copyto", j.local(), "matrix:"+j.path(name)) },
	list: func(j *job, name string) []string {
		names := lines(j.rclone("lsf", "matrix:"+j.path(name)))
		for i := range names {
			names[i] = strings.TrimSuffix(names[i], "/")
		}
		return names
	},
	rename: func(j *job, from, to string) { j.rclone("moveto", "matrix:"+j.path(from), "matrix:"+j.path(to)) },
	remove: func(j *job, name string) { j.rclone("deletefile", "matrix:"+j.path(name)) },
}

// obscured is the password as rclone wants it ("rclone obscure").
const obscured = "AsugK370WGTn81_TZjJVerh_sFR1heohWgPi"

func (j *job) rclone(args ...string) string {
	j.Helper()
	const prefix = "RCLONE_CONFIG_MATRIX_"
	host := j.host()
	if j.ipv6 {
		host = "[" + host + "]"
	}
	env := []string{
		"RCLONE_CONFIG=/dev/null", "SSL_CERT_FILE=" + j.server.trust,
		prefix + "TYPE=ftp", prefix + "HOST=" + host, prefix + "PORT=" + j.port(), prefix + "USER=" + user, prefix + "PASS=" + obscured,
		prefix + "DISABLE_EPSV=" + strconv.FormatBool(j.verb == "PASV"),
		prefix + "EXPLICIT_TLS=" + strconv.FormatBool(j.protection == explicit), prefix + "TLS=" + strconv.FormatBool(j.protection == implicit),
	}
	return j.feed("", env, "rclone", args...)
}
