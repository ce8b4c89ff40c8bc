package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// The origin is one FTP server made of a master and two slaves, each at an address of its
// own, as if they were three machines.
const (
	masterHost = "127.0.0.1"
	editor     = "editor" // the user who makes what no slave can bring, and says where clients may be sent
	secret     = "demo"
)

// A holder is a slave of the origin's master.
type holder struct {
	name, host string
	lacks      []string // what of the toys it does not have
}

var holders = []holder{
	{"one", "127.0.0.2", []string{"/pool", "/releases/latest"}},
	{"two", "127.0.0.3", []string{"/releases", "/README", "/licence"}},
}

const (
	masterConfig = `listen = %q
database = "sqlite:origin.db"
users = true

[log]
level = "error"

[passive]
ports = "42000-42999"

[master]
listen = %q

[tracker]
database = %q
refresh = "500ms"
`
	slaveConfig = `folders = [%q]
identity = "%[1]s.pem"

[log]
level = "error"

[data]
addresses = [%q]
ports = "42000-42999"

[relay]
listen = "%[2]s:%d"
`
)

// serveOrigin starts the master and its slaves, which have the site's files, and ends
// them with the demo.
func (d *demo) serveOrigin(ctx context.Context, servers *errgroup.Group, s *site) error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	door, link, relay := ports[0], ports[1], ports[2]
	config := fmt.Sprintf(masterConfig, address(masterHost, door), address(masterHost, link), "sqlite:"+d.path(near, "db"))
	if err := os.WriteFile(filepath.Join(d.dir, "origin.toml"), []byte(config), 0o600); err != nil {
		return err
	}
	if err := d.ftpd(ctx, "origin", secret+"\n", "user", "add", editor, "--rule", "allow all,admin /**"); err != nil {
		return err
	}
	if err := d.daemon(ctx, servers, "origin", "master"); err != nil {
		return err
	}
	if err := awaitPort(ctx, address(masterHost, door)); err != nil {
		return err
	}
	for _, h := range holders {
		dir := filepath.Join(d.dir, h.name)
		if err := s.write(dir); err != nil {
			return err
		}
		for _, name := range h.lacks {
			if err := os.RemoveAll(dir + originBase + name); err != nil {
				return err
			}
		}
		config := fmt.Sprintf(slaveConfig, h.name, h.host, relay)
		if err := os.WriteFile(filepath.Join(d.dir, h.name+".toml"), []byte(config), 0o600); err != nil {
			return err
		}
		token, err := d.enroll(ctx, h.name)
		if err != nil {
			return err
		}
		if err := d.ftpd(ctx, h.name, token, "slave", "enroll", "-"); err != nil {
			return err
		}
		if err := d.daemon(ctx, servers, h.name, "slave"); err != nil {
			return err
		}
	}
	s.url = "ftp://" + address(masterHost, door) + "/"
	return d.finishOrigin(ctx, address(masterHost, door))
}

// finishOrigin waits until what the slaves have is there, and adds what no slave brings:
// links and empty directories.
func (d *demo) finishOrigin(ctx context.Context, addr string) error {
	c, err := login(ctx, addr, editor, secret)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, file := range []string{newest, missing, "/README"} {
		if err := c.await(ctx, "MLST "+originBase+file); err != nil {
			return err
		}
	}
	return errs(
		c.say(200, "SITE SYMLINK 2.1 "+originBase+"/releases/latest"),
		c.say(257, "MKD /incoming"))
}

// enroll makes a token for a slave.
func (d *demo) enroll(ctx context.Context, name string) (token string, err error) {
	cmd := d.prepareFTPD(ctx, "origin", "enroll", name)
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("ftpd enroll: %w", err)
	}
	return out.String(), nil
}

// prepareFTPD makes a command of ftpd with one of the configurations, and shows it.
func (d *demo) prepareFTPD(ctx context.Context, config string, args ...string) *exec.Cmd {
	return d.prepare(ctx, near, "ftpd", append(args, "--config", config+".toml")...)
}

// ftpd runs ftpd to its end. What it says is not part of the story.
func (d *demo) ftpd(ctx context.Context, config, input string, args ...string) error {
	cmd := d.prepareFTPD(ctx, config, args...)
	cmd.Stdin = strings.NewReader(input)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ftpd %s: %w", args[0], err)
	}
	return nil
}

// daemon starts ftpd, to the end of the demo.
func (d *demo) daemon(ctx context.Context, servers *errgroup.Group, config string, args ...string) error {
	cmd := d.prepareFTPD(ctx, config, args...)
	if err := cmd.Start(); err != nil {
		return err
	}
	servers.Go(func() error {
		if err := cmd.Wait(); ctx.Err() == nil {
			return fmt.Errorf("ftpd %s ended: %v", args[0], err)
		}
		return nil
	})
	return nil
}

func address(host string, port int) string { return net.JoinHostPort(host, fmt.Sprint(port)) }

// freePorts finds ports at which nobody listens.
func freePorts(n int) (ports []int, err error) {
	for range n {
		ln, err := net.Listen("tcp", address(masterHost, 0))
		if err != nil {
			return nil, err
		}
		defer ln.Close()
		ports = append(ports, ln.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// awaitPort waits until somebody listens.
func awaitPort(ctx context.Context, addr string) error {
	return await(ctx, addr, func() error {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// await repeats something until it succeeds, which must be soon.
func await(ctx context.Context, what string, fn func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		err := fn()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", what, err)
		case <-again.C:
		}
	}
}
