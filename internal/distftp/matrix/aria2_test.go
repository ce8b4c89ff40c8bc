package matrix

import "strconv"

var aria2 = &client{
	name:    "aria2",
	needs:   []string{"aria2c"},
	version: debianVersion("aria2"),
	lacks:   lacking(noPret, noTLS, onlyIPv6Extended, onlyDownloads, noListings),
	relayed: lacking(lack(namesNoHost, "EPSV IPv6"), lack(ownAddress, "PASV")),
	fetch: func(j *job, name string) {
		j.run("aria2c", "--no-conf", "--file-allocation=none", "--continue="+strconv.FormatBool(j.resume),
			"--ftp-pasv="+strconv.FormatBool(!j.active()), "--dir="+j.home, "--out=local", j.url(name))
	},
}
