package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"mirrortracker/internal/bench/link"
)

// A client is another program that lists whole sites.
type client struct {
	name    string
	program string // that has to be there
	args    func(program, host, port string) []string
	env     []string
	count   func(*counter, io.Reader) error
}

var (
	lftpFind = client{"lftp find", "lftp", lftp("find"), nil, (*counter).parents}
	lftpDu   = client{"lftp du -a", "lftp", lftp("du -a"), nil, (*counter).parents}

	rclone = client{"rclone lsf -R, 8 checkers", "rclone", func(program, host, port string) []string {
		return []string{program, "lsf", "-R", "--checkers", "8", "--ftp-host", host, "--ftp-port", port, "--ftp-user", "anonymous", ":ftp:"}
	}, []string{"RCLONE_CONFIG=/dev/null", "RCLONE_FTP_PASS=" + obscured}, (*counter).parents}

	// curlListing downloads what the server makes of the whole tree by itself.
	curlListing = client{"curl, one LIST -lR", "curl", func(program, host, port string) []string {
		return []string{program, "--disable", "--silent", "--show-error", "--request", "LIST -lR", "ftp://" + net.JoinHostPort(host, port) + "/"}
	}, nil, (*counter).headings}
)

// obscured is the password "anonymous" as rclone wants it (rclone obscure).
const obscured = "n5r3jZ8dpHimeuYr0GKpd3fAUHm1j37cCw"

// jlaffaye is the name of our own walk with jlaffaye/ftp.
const jlaffaye = "jlaffaye/ftp, 1 connection"

func lftp(command string) func(program, host, port string) []string {
	return func(program, host, port string) []string {
		return []string{program, "--norc", "-c", "open -p " + port + " " + host + " && " + command}
	}
}

// measure lets a client list a server's tree until it is done or the window has passed.
func (c client) measure(ctx context.Context, program string, from *link.Network, s *server, window time.Duration) (measurement, error) {
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return measurement{}, err
	}
	listed := newCounter()
	cmd := command{
		args:   c.args(program, host, port),
		env:    append([]string{"HOME=/nonexistent", "LC_ALL=C"}, c.env...),
		in:     from,
		window: window,
		end:    syscall.SIGKILL,
		read:   func(r io.Reader) error { return c.count(listed, r) },
	}
	used, err := cmd.run(ctx)
	return measurement{Client: c.name, Dirs: listed.dirs(), Seconds: used.took.Seconds(), Whole: used.whole}, err
}

// measureWalk is measure for our own walk, whose clock starts when it has logged in.
func measureWalk(ctx context.Context, from *link.Network, s *server, window time.Duration) (measurement, error) {
	self, err := os.Executable()
	if err != nil {
		return measurement{}, err
	}
	var result walked
	cmd := command{
		args:   []string{self, "walk", s.addr, "--for", window.String()},
		in:     from,
		window: window + time.Minute, // it stops by itself
		end:    syscall.SIGKILL,
		read:   func(r io.Reader) error { return json.NewDecoder(r).Decode(&result) },
	}
	_, err = cmd.run(ctx)
	return measurement{Client: jlaffaye, Dirs: result.Dirs, Seconds: result.Seconds, Whole: result.Whole}, err
}
