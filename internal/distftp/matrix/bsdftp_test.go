package matrix

import (
	"os"
	"path/filepath"
	"strconv"
)

// tnftp and inetutils ftp descend from the same program for people, and are told the
// same, line by line.

var tnftp = &client{
	name:    "tnftp",
	needs:   []string{"tnftp"},
	version: debianVersion("tnftp"),
	lacks:   lacking(noPret, noTLS),
	relayed: lacking(lack(namesNoHost, "EPSV", "EPSV IPv6"), lack(refusesOther, "PASV")),
	fetch:   (*job).bsdFetch,
	store:   (*job).bsdStore,
	list:    (*job).bsdList,
	rename:  func(j *job, from, to string) { j.bsdftp("rename " + from + " " + to) },
	remove:  func(j *job, name string) { j.bsdftp("delete " + name) },
}

var inetutils = &client{
	name:    "inetutils ftp",
	needs:   []string{"inetutils-ftp"},
	version: debianVersion("inetutils-ftp"),
	lacks:   lacking(noPret, noTLS),
	relayed: lacking(lack(namesNoHost, "EPSV", "EPSV IPv6"), lack(refusesOther, "PASV")),
	fetch:   (*job).bsdFetch,
	store:   (*job).bsdStore,
	list:    (*job).bsdList,
	rename:  func(j *job, from, to string) { j.bsdftp("rename " + from + " " + to) },
	remove:  func(j *job, name string) { j.bsdftp("delete " + name) },
}

func (j *job) bsdFetch(name string) {
	get := "get"
	if j.resume {
		get = "reget"
	}
	j.bsdftp(get + ` "` + name + `" ` + j.local())
}

func (j *job) bsdStore(name string) {
	put := `put ` + j.local() + ` "` + name + `"`
	if j.resume {
		j.bsdftp("restart "+strconv.Itoa(len(half)), put)
		return
	}
	j.bsdftp(put)
}

func (j *job) bsdList(name string) []string {
	listing := filepath.Join(j.home, "listing")
	j.bsdftp("nlist " + name + " " + listing)
	text, err := os.ReadFile(listing)
	if err != nil {
		j.Error(err)
	}
	return baseNames(lines(string(text)))
}

// bsdftp runs either program.
func (j *job) bsdftp(commands ...string) {
	j.Helper()
	before := []string{"user " + user + " " + password, "binary", "cd " + j.path("")}
	args := []string{"-n", "-i", "-v"}
	if j.active() {
		args = append(args, "-A")
	} else {
		args = append(args, "-p")
	}
	if j.ipv6 {
		args = append(args, "-6")
	} else {
		args = append(args, "-4")
	}
	// What IPv4 begins with: tnftp with EPSV and EPRT, inetutils without.
	program, extended := "tnftp", true
	if j.client.name == "inetutils ftp" {
		program, extended = "inetutils-ftp", false
	} else {
		// The alarm of its progress bar, once a second, ends a listing that it is just
		// waiting for, "Interrupted system call".
		before = append(before, "progress off")
	}
	if !j.ipv6 && j.extended() != extended {
		before = append(before, "epsv4")
	}
	j.script(append(append(before, commands...), "quit"), program, append(args, j.host(), j.port())...)
}
