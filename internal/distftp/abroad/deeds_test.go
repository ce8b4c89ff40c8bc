package abroad

import (
	"bytes"
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/testbed"
)

// A person runs programs at a host that ftpd has not seen yet, in a folder.
type person struct {
	*testing.T
	host   *testbed.Host
	folder string
}

func (l *linkedWorld) person() *person { return &person{l.T, l.guest(l.T), l.TempDir()} }

// run runs a program, to which an input is typed, and returns what it says.
func (p *person) run(input, program string, args ...string) (said string, err error) {
	p.Helper()
	testbed.Need(p.T, program)
	cmd := exec.CommandContext(p.Context(), program, args...)
	cmd.Dir = p.folder
	cmd.Env = append(os.Environ(), "HOME="+p.folder, "LC_ALL=C.UTF-8", "TZ=UTC")
	cmd.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err = p.host.Do(cmd.Start); err == nil {
		err = cmd.Wait()
	}
	return out.String(), err
}

// A doer is a client that changes a directory.
type doer struct {
	name   string
	append bool // to a file
	date   bool // sets a file's time
	tells  bool // size and time of files
	do     func(d *deed) (said string, err error)
}

// A deed is what one is to do, in one mode.
type deed struct {
	*person
	host, port string
	mode, dir  string
	odd        string // what a file is to be called
}

//go:embed testdata/deeds.py
var pythonDeeds string

//go:embed testdata/deeds.pl
var perlDeeds string

var doers = []doer{
	{"curl", true, true, true, func(d *deed) (string, error) {
		url := "ftp://" + user + ":" + password + "@" + d.host + ":" + d.port + d.dir + "/"
		args := []string{"-q", "-sS", "--fail"}
		if d.mode == "active" {
			args = append(args, "-P", "-")
		}
		var said strings.Builder
		for _, more := range [][]string{
			{"-a", "-T", "more", url + "old"},
			{"-T", "content", url + "say%20%22caf%C3%A9%22%20it%27s"},
			{
				"-Q", "RMD " + d.dir + "/empty", "-Q", "MKD " + d.dir + "/new dir", "-Q", "SITE CHMOD 600 " + d.dir + "/old",
				"-Q", "MFMT 20010203040506 " + d.dir + "/" + oddName, "-v", "-I", url + "old",
			},
			{"-v", "-I", url + "past"},
		} {
			text, err := d.run("", "curl", append(args, more...)...)
			said.WriteString(text)
			if err != nil {
				return said.String(), err
			}
		}
		return strings.ReplaceAll(said.String(), "< 213 200\r", "size 200"), nil
	}},
	{"tnftp", true, false, true, func(d *deed) (string, error) {
		mode := "-p"
		if d.mode == "active" {
			mode = "-A"
		}
		said, err := d.run(strings.Join([]string{
			"user " + user + " " + password, "progress off", "binary", "cd " + d.dir, "append more old", "rmdir empty", `mkdir "new dir"`,
			`put content "` + d.odd + `"`, "chmod 600 old", "size old", "modtime past", "quit",
		}, "\n")+"\n", "tnftp", "-n", "-i", "-v", mode, d.host, d.port)
		return strings.NewReplacer("old\t200", "size 200", "past\tThu, 29 Feb 2024 12:34:56 +0000", "213 20240229123456").Replace(said), err
	}},
	{"ncftp", true, false, false, func(d *deed) (string, error) {
		mode, passive := "-F", "on"
		if d.mode == "active" {
			mode, passive = "-E", "off"
		}
		login := []string{"-u", user, "-p", password, "-P", d.port}
		for from, to := range map[string]string{"more": "append/old", "content": oddName} {
			to = filepath.Join(d.folder, to)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return "", err
			}
			if err := os.Rename(filepath.Join(d.folder, from), to); err != nil {
				return "", err
			}
		}
		said, err := d.run("", "ncftpput", append(login, mode, "-A", d.host, d.dir, "append/old")...)
		if err != nil {
			return said, err
		}
		if said, err = d.run("", "ncftpput", append(login, mode, d.host, d.dir, oddName)...); err != nil {
			return said, err
		}
		return d.run(strings.Join([]string{
			"set passive " + passive, "cd " + d.dir, "rmdir empty", `mkdir "new dir"`, "chmod 600 old", "quit",
		}, "\n")+"\n", "ncftp3", append(login, d.host)...)
	}},
	{"lftp", false, false, false, func(d *deed) (string, error) {
		return d.lftp("cd " + d.dir + `; rmdir empty; mkdir "new dir"; put content -o "say \"caf` + "\u00e9" + `\" it's"; chmod 600 old`)
	}},
	{"ftplib", true, true, true, func(d *deed) (string, error) {
		return d.run("", "/usr/bin/python3", "-c", pythonDeeds, d.host, d.port, user, password, d.mode, d.dir, oddName)
	}},
	{"Net::FTP", true, true, true, func(d *deed) (string, error) {
		return d.run("", "/usr/bin/perl", "-e", perlDeeds, d.host, d.port, user, password, d.mode, d.dir, oddName)
	}},
}

// lftp runs commands of lftp's.
func (d *deed) lftp(commands string) (string, error) {
	d.Helper()
	passive := "yes"
	if d.mode == "active" {
		passive = "no"
	}
	return d.run("", "lftp", "--norc", "-c", "set cmd:fail-exit yes; set net:max-retries 1; set ftp:ssl-allow no; set ftp:prefer-epsv no; set ftp:use-pret yes; set ftp:passive-mode "+passive+
		"; open -u "+user+","+password+" "+d.host+":"+d.port+"; "+commands)
}

// deed makes one, in a directory of the foreign server's.
func (l *linkedWorld) deed(mode, dir string) *deed {
	l.Helper()
	host, port, _ := strings.Cut(l.cluster.Masters[0].FTP(), ":")
	l.plant(dir, nil)
	return &deed{person: l.person(), host: host, port: port, mode: mode, dir: linkAlias + dir}
}

// changes lets each client change a directory.
func (l *linkedWorld) changes(mode string) {
	old, more, content := version(first, 100), version(second, 100), version(local, 50_000)
	for _, c := range doers {
		dir := "/" + c.name + " " + mode
		if c.name == "tnftp" || c.name == "curl" || c.name == "ncftp" {
			dir = "/" + c.name + "-" + mode // which needs no quotes
		}
		d := l.deed(mode, dir)
		l.plant(dir+"/old", old)
		l.plant(dir+"/past", old)
		l.plant(dir+"/empty", nil)
		l.must(os.WriteFile(filepath.Join(d.folder, "more"), more, 0o644))
		l.must(os.WriteFile(filepath.Join(d.folder, "content"), content, 0o644))
		d.odd = oddName
		if c.name == "tnftp" { // which has no way to name what has quotes
			d.odd = strings.ReplaceAll(oddName, `"`, "")
		}
		if c.name == "lftp" {
			d.dir = `"` + d.dir + `"`
		}
		said, err := c.do(d)
		if err != nil {
			l.Errorf("%s, %s: %v\n%s", c.name, mode, err, said)
			continue
		}
		want := map[string]string{"old": string(old), "past": string(old), d.odd: string(content), "new dir/": ""}
		if c.append {
			want["old"] += string(more)
		}
		if diff := cmp.Diff(want, tree(l.T, l.disk(dir))); diff != "" {
			l.Errorf("%s, %s: -want +got:\n%.3000s\n%s", c.name, mode, diff, said)
			continue
		}
		is, err := os.Stat(l.disk(dir + "/old"))
		l.must(err)
		if is.Mode() != 0o600 {
			l.Errorf("%s, %s: the file has %v", c.name, mode, is.Mode())
		}
		is, err = os.Stat(l.disk(dir + "/" + d.odd))
		l.must(err)
		if set := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC); c.date && !is.ModTime().Equal(set) {
			l.Errorf("%s, %s: the file is of %v, want %v", c.name, mode, is.ModTime(), set)
		}
		for _, fact := range []string{"size 200", "213 20240229123456"} {
			if c.tells && !strings.Contains(said, fact) {
				l.Errorf("%s, %s: nobody says %q:\n%s", c.name, mode, fact, said)
			}
		}
	}
}
