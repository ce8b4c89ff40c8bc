package matrix

var busybox = &client{
	name:    "busybox",
	needs:   []string{"busybox"},
	version: debianVersion("busybox"),
	lacks: lacking(noPret, noTLS, onlyPassive, noListings, map[string]string{
		"PASV":           "sends PASV only where EPSV is refused",
		"resumed upload": "ftpput begins anew",
		"rename":         "fetches and stores alone",
		"delete":         "fetches and stores alone",
	}),
	relayed: lack(namesNoHost, "EPSV", "EPSV IPv6"),
	fetch: func(j *job, name string) {
		if j.resume {
			j.busybox("ftpget", "-c", j.address(), j.local(), j.path(name))
			return
		}
		j.busybox("ftpget", j.address(), j.local(), j.path(name))
	},
	store: func(j *job, name string) { j.busybox("ftpput", j.address(), j.path(name), j.local()) },
}

func (j *job) busybox(applet string, more ...string) {
	j.Helper()
	j.run("busybox", append([]string{applet, "-v", "-u", user, "-p", password}, more...)...)
}
