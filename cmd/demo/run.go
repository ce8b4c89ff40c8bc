package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/kballard/go-shellquote"
	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/distftp"
)

// A demo is one run of it.
type demo struct {
	out      io.Writer
	programs string // the folder of crawler and redirector
	dir      string // everything that is removed at the end
	sites    []*site
}

// run tells the whole story.
func run(ctx context.Context, out io.Writer, once bool) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mirrortracker-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	d := &demo{out: out, programs: filepath.Dir(self), dir: dir, sites: sites()}

	ctx, cancel := context.WithCancel(ctx)
	servers, ctx := errgroup.WithContext(ctx)
	err = d.story(ctx, servers, once)
	cancel()
	return errors.Join(err, servers.Wait())
}

func (d *demo) story(ctx context.Context, servers *errgroup.Group, once bool) error {
	d.say("Five small FTP sites are served by the tracker's own FTP server. The origin is made of a master, which knows names, and two slaves, which have files:")
	if err := d.serveOrigin(ctx, servers, d.sites[0]); err != nil {
		return err
	}
	d.say("The sites:")
	for _, s := range d.sites {
		if !s.slaves {
			if err := d.serve(ctx, servers, s); err != nil {
				return err
			}
		}
		fmt.Fprintf(d.out, "  %-12s %-27s %s\n", s.name, s.url, s.about)
	}

	colleague, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	exchange := colleague.Addr().String()
	if err := errs(colleague.Close(), d.configure(exchange)); err != nil { // the address is free now
		return err
	}
	d.say("The crawler is told of three of them, and crawls them:")
	if err := d.crawl(ctx, near); err != nil {
		return err
	}
	d.say("Another tracker crawls the two others, and lets its peers have what it finds:")
	if err := d.crawl(ctx, far); err != nil {
		return err
	}
	if err := d.startColleague(ctx, servers, exchange); err != nil {
		return err
	}
	d.say("The first one asks it, and knows all five:")
	for _, args := range [][]string{{"peer", "add", "http://" + exchange + "/", "--trust", "127.0.0.1"}, {"peer", "pull"}, {"status"}} {
		if err := d.command(ctx, near, "crawler", args...); err != nil {
			return err
		}
	}

	d.say("What it recognised: who else has the origin's " + originBase + "/, how that is known, and how near it is to a client in Boston.")
	if err := d.command(ctx, near, "redirector", "explain", "origin"+originBase+"/", "--from", boston); err != nil {
		return err
	}

	d.say("The site partial is not among them, because it is not complete. What it lacks:")
	if err := d.command(ctx, near, "crawler", "diff", "origin:"+originBase, "partial:"+partialBase); err != nil {
		return err
	}

	d.say("The redirector answers requests:")
	address, err := d.startRedirector(ctx, servers)
	if err != nil {
		return err
	}
	wrong := 0
	for _, r := range requests(d.sites) {
		if err := d.ask(ctx, address, r); err != nil {
			fmt.Fprintf(d.out, "    WRONG: %v\n", err)
			wrong++
		}
	}
	d.say("Where the bytes of the origin's newest release come from, by two ways of asking:")
	for _, w := range ways {
		if err := d.download(ctx, d.sites[0].addr(), originBase+newest, w); err != nil {
			fmt.Fprintf(d.out, "    WRONG: %v\n", err)
			wrong++
		}
	}
	if err := d.mirrored(ctx, servers); err != nil {
		fmt.Fprintf(d.out, "    WRONG: %v\n", err)
		wrong++
	}
	if wrong > 0 {
		return fmt.Errorf("%d of the answers are wrong", wrong)
	}
	if once {
		d.say("All answers are right.")
		return nil
	}
	d.invite(address)
	<-ctx.Done()
	d.say("Everything is stopped and removed.")
	return nil
}

// say begins a chapter.
func (d *demo) say(text string) { fmt.Fprintf(d.out, "\n%s\n\n", text) }

// serve writes a site and serves it until the demo ends.
func (d *demo) serve(ctx context.Context, servers *errgroup.Group, s *site) error {
	dir := filepath.Join(d.dir, s.name)
	if err := s.write(dir); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.url = "ftp://" + ln.Addr().String() + "/"
	servers.Go(func() error { return distftp.ServeFolder(ctx, ln, dir) })
	return nil
}

// crawl tells a tracker of its sites, and lets it crawl them.
func (d *demo) crawl(ctx context.Context, k tracker) error {
	for _, s := range d.sites {
		if s.far != (k == far) {
			continue
		}
		if err := d.command(ctx, k, "crawler", "site", "add", s.name, s.url, "--weight", strconv.Itoa(s.weight), "--place="+s.place); err != nil {
			return err
		}
	}
	return d.command(ctx, k, "crawler", "crawl")
}

// prepare makes a command of one of our programs, with a tracker's configuration,
// and shows it as one would type it.
func (d *demo) prepare(ctx context.Context, k tracker, program string, args ...string) *exec.Cmd {
	prompt := "$"
	if k != near {
		prompt = string(k) + "$"
	}
	fmt.Fprintf(d.out, "  %s bin/%s %s\n", prompt, program, shellquote.Join(args...))
	cmd := exec.CommandContext(ctx, filepath.Join(d.programs, program), args...)
	cmd.Env = append(os.Environ(), "TRACKER_CONFIG="+d.config(k))
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Dir = d.dir
	cmd.Stderr = os.Stderr
	return cmd
}

// command runs one of our programs to its end.
func (d *demo) command(ctx context.Context, k tracker, program string, args ...string) error {
	cmd := d.prepare(ctx, k, program, args...)
	cmd.Stdout = d.out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", program, args[0], err)
	}
	return nil
}

// startRedirector starts the redirector and returns the address on which it
// listens.
func (d *demo) startRedirector(ctx context.Context, servers *errgroup.Group) (address string, err error) {
	cmd := d.prepare(ctx, near, "redirector", "serve", "--listen", "127.0.0.1:0", "--log-level", "warn")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewScanner(stdout)
	for address == "" && lines.Scan() {
		_, address, _ = strings.Cut(lines.Text(), "http://")
		address = strings.TrimSuffix(address, "/")
	}
	servers.Go(func() error {
		for lines.Scan() {
		}
		if err := cmd.Wait(); ctx.Err() == nil {
			return fmt.Errorf("the redirector ended: %v", err)
		}
		return nil
	})
	if address == "" {
		return "", errors.New("the redirector does not say where it listens")
	}
	return address, awaitStatus(ctx, "http://"+address+"/readyz")
}

// startColleague starts the other tracker, and waits until it serves its peers.
func (d *demo) startColleague(ctx context.Context, servers *errgroup.Group, address string) error {
	cmd := d.prepare(ctx, far, "crawler", "run", "--log-level", "warn")
	if err := cmd.Start(); err != nil {
		return err
	}
	servers.Go(func() error {
		if err := cmd.Wait(); ctx.Err() == nil {
			return fmt.Errorf("the other tracker ended: %v", err)
		}
		return nil
	})
	return awaitStatus(ctx, "http://"+address+"/peer/v1/trackers")
}

// awaitStatus waits until a URL is answered with status 200.
func awaitStatus(ctx context.Context, url string) error {
	return await(ctx, url, func() error {
		answer, err := get(ctx, url)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return errors.New(answer.Status)
		}
		return nil
	})
}

// invite says what one can do now.
func (d *demo) invite(address string) {
	d.say("Now it is your turn; press Ctrl-C to end. For example:")
	for _, line := range []string{
		"curl -i http://" + address + "/origin" + originBase + newest,
		"curl -L -o toys.tar.gz http://" + address + "/origin" + originBase + newest,
		"curl 'http://" + address + "/origin" + originBase + "/?json'",
		"bin/crawler digest origin --recursive --config " + d.config(near),
		"bin/redirector explain origin" + originBase + "/releases/ --from " + hamburg + " --config " + d.config(near),
	} {
		fmt.Fprintln(d.out, "  "+line)
	}
	fmt.Fprintf(d.out, "\nand in a browser:  http://%s/\n", address)
	fmt.Fprintf(d.out, "mirrors of a file: http://%s/origin%s?mirrors\n", address, originBase+newest)
}

// errs returns the first error.
func errs(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}
