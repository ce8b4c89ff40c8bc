package matrix

import (
	"os"
	"path/filepath"
)

var ncftp = &client{
	name:    "ncftp",
	needs:   []string{"ncftp3", "ncftpget", "ncftpput", "ncftpls"},
	version: debianVersion("ncftp"),
	lacks:   lacking(noPret, noTLS, noExtended, lack("sends the whole file after REST", "resumed upload")),
	relayed: lacking(lack(onlyMaster, "PORT"), lack(noHint, "PASV upload")),
	fetch: func(j *job, name string) {
		dir := filepath.Join(j.home, "fetched")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			j.Fatal(err)
		}
		fetched := filepath.Join(dir, name)
		if j.resume {
			if err := os.Rename(j.local(), fetched); err != nil {
				j.Fatal(err)
			}
		}
		j.ncftp("ncftpget", "-z", j.host(), dir, j.path(name))
		if err := os.Rename(fetched, j.local()); err != nil {
			j.Fatal(err)
		}
	},
	store: func(j *job, name string) {
		stored := filepath.Join(j.home, name)
		if err := os.Rename(j.local(), stored); err != nil {
			j.Fatal(err)
		}
		j.ncftp("ncftpput", j.host(), j.path(""), stored)
	},
	list: func(j *job, name string) []string {
		return baseNames(lines(j.ncftp("ncftpls", "-1", "ftp://"+j.address()+j.path(name)+"/")))
	},
	rename: func(j *job, from, to string) { j.ncftpShell("rename " + from + " " + to) },
	remove: func(j *job, name string) { j.ncftpShell("rm " + name) },
}

// ncftp runs one of the programs for scripts.
func (j *job) ncftp(program string, more ...string) string {
	j.Helper()
	args := []string{"-u", user, "-p", password, "-P", j.port(), "-F"}
	if j.active() {
		args[len(args)-1] = "-E"
	}
	if program != "ncftpls" {
		args = append(args, "-V")
	}
	return j.run(program, append(args, more...)...)
}

// ncftpShell runs the program for people.
func (j *job) ncftpShell(command string) {
	j.Helper()
	passive := "on"
	if j.active() {
		passive = "off"
	}
	j.script([]string{"set passive " + passive, "cd " + j.path(""), command, "quit"}, "ncftp3", "-u", user, "-p", password, "-P", j.port(), j.host())
}
