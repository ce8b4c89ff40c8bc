package matrix

import (
	"os"
	"path/filepath"
	"strings"
)

var wget = &client{
	name:    "wget",
	needs:   []string{"wget"},
	version: debianVersion("wget"),
	lacks:   lacking(noPret, onlyIPv6Extended, onlyDownloads),
	relayed: lack(namesNoHost, "EPSV IPv6"),
	fetch: func(j *job, name string) {
		args := []string{"-O", j.local()}
		if j.resume {
			args = append(args, "-c")
		}
		j.wget(append(args, j.url(name))...)
	},
	list: func(j *job, name string) []string {
		j.wget("--no-remove-listing", "-O", "index.html", j.url(name+"/"))
		text, err := os.ReadFile(filepath.Join(j.home, ".listing"))
		if err != nil {
			j.Fatal(err)
		}
		return lsNames(string(text))
	},
}

func (j *job) wget(more ...string) {
	j.Helper()
	args := []string{"--no-config", "-nv", "--tries=1", "--ca-certificate=" + j.server.trust}
	if j.active() {
		args = append(args, "--no-passive-ftp")
	}
	if j.protection == implicit {
		args = append(args, "--ftps-implicit")
	}
	url := &more[len(more)-1]
	if j.protection == explicit {
		*url = strings.Replace(*url, "ftp:", "ftps:", 1)
	}
	j.run("wget", append(args, more...)...)
}
