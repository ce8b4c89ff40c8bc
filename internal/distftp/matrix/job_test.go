package matrix

import (
	"bytes"
	"cmp"
	"context"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/testbed"
)

// A job is one cell being tried.
type job struct {
	*testing.T
	cell
	resume bool // fetch and store go on where the target ends
	server *server
	home   string        // the client's working directory and HOME
	folder string        // its own directory on the server, as a path from the root without a slash
	said   []string      // what programs printed
	at     *testbed.Host // where the client is; nil: on this machine
}

// patience is how long a client may take. It is not meant to be reached.
const patience = time.Minute

func (j *job) patience() time.Duration {
	if j.server.holders != nil {
		return cmp.Or(j.server.holders.patience, patience)
	}
	return patience
}

// local is the client's file.
func (j *job) local() string { return filepath.Join(j.home, "local") }

// path is how the client calls the server's file of that name.
func (j *job) path(name string) string { return "/" + j.folder + "/" + name }

func (j *job) host() string { host, _ := j.door(); return host }
func (j *job) port() string { _, port := j.door(); return port }

// door is where the client finds the server.
func (j *job) door() (host, port string) {
	host, port, err := net.SplitHostPort(j.server.addrs[door{j.ipv6, j.protection == implicit}])
	j.must(err)
	return host, port
}

// address is host and port as URLs have them.
func (j *job) address() string { return net.JoinHostPort(j.host(), j.port()) }

// url is the URL of a name on the server. Its scheme is ftps for implicit TLS. An empty
// name, or one that ends in a slash, is a directory.
func (j *job) url(name string) string {
	scheme := "ftp"
	if j.protection == implicit {
		scheme = "ftps"
	}
	return scheme + "://" + user + ":" + password + "@" + j.address() + "/" + j.folder + "/" + escape(name)
}

// rawURL is url for clients that take the bytes of a name as they are.
func (j *job) rawURL(name string) string { return strings.TrimSuffix(j.url(name), escape(name)) + name }

// escape writes a name as URLs have it, each byte for itself.
func escape(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

// run runs a program to its end, which must be a good one, and returns what it prints.
func (j *job) run(program string, args ...string) string {
	j.Helper()
	return j.feed("", nil, program, args...)
}

// feed is run with standard input and additions to the environment.
func (j *job) feed(input string, env []string, program string, args ...string) string {
	j.Helper()
	out, err := j.command(input, env, program, args...)
	if err != nil {
		j.Fatal(err)
	}
	return out
}

// script feeds a program that takes its commands from a person, and whose exit code
// says nothing.
func (j *job) script(commands []string, program string, args ...string) string {
	j.Helper()
	out, err := j.command(strings.Join(commands, "\n")+"\n", nil, program, args...)
	if err != nil {
		j.Logf("%v", err)
	}
	return out
}

func (j *job) command(input string, env []string, program string, args ...string) (string, error) {
	j.Helper()
	ctx, cancel := context.WithTimeout(j.Context(), j.patience())
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = j.home
	cmd.Env = append(append(os.Environ(), "HOME="+j.home, "LC_ALL=C", "TZ=UTC"), env...)
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := j.start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	j.said = append(j.said, stdout.String()+stderr.String())
	return stdout.String(), err
}

// start starts a program where the client is.
func (j *job) start(cmd *exec.Cmd) error {
	if j.at == nil {
		return cmd.Start()
	}
	return j.at.Do(cmd.Start)
}

// dial connects from where the client is.
func (j *job) dial(network, addr string) (conn net.Conn, err error) {
	if j.at == nil {
		return net.Dial(network, addr)
	}
	err = j.at.Do(func() (err error) {
		conn, err = net.DialTimeout(network, addr, patience)
		return err
	})
	return conn, err
}

// lines cuts a program's output into its lines.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		all = append(all, strings.TrimRight(line, "\r\n"))
	}
	return all
}

// baseNames are the last components of paths: some servers and clients name what is in a
// directory by paths.
func baseNames(paths []string) []string {
	for i, p := range paths {
		paths[i] = p[strings.LastIndexByte(p, '/')+1:]
	}
	return slices.DeleteFunc(paths, func(name string) bool { return name == "" })
}

var lsLine = regexp.MustCompile(`^[-dl]\S+ +\d+ +\S+ +\S+ +\d+ +\S+ +\d+ +\S+ (.*)$`)

// lsNames are the names in a listing like that of ls -l.
func lsNames(text string) (names []string) {
	for _, line := range lines(text) {
		if m := lsLine.FindStringSubmatch(line); m != nil {
			names = append(names, m[1])
		}
	}
	return names
}
