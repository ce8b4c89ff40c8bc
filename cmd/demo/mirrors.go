package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/distftp"
)

// An outsider is an FTP server of somebody else, to which the origin may send its clients.
type outsider struct {
	alias, host string
	weight      int
	leave       context.CancelFunc
}

var outsiders = []*outsider{
	{alias: "/east", host: "127.0.0.4", weight: 75},
	{alias: "/west", host: "127.0.0.5", weight: 25},
}

// chess is a file that the outsiders have, too. It is as long everywhere, but says where it
// is from: that is how one sees who sent it.
const chess = "/games/chess.txt"

func chessOf(where string) string { return fmt.Sprintf("chess, sent by %-10s\n", where) }

// mirrored lets the origin send its clients to other servers: to those that it is told of,
// and to those that the crawler found.
func (d *demo) mirrored(ctx context.Context, servers *errgroup.Group) error {
	c, err := login(ctx, d.sites[0].addr(), editor, secret)
	if err != nil {
		return err
	}
	defer c.Close()
	d.say("The origin can send its clients to servers of others. Two have its games, and are to give three downloads of four, and one of four:")
	err = errs(
		c.say(257, "MKD /games"),
		c.store(ctx, chess, chessOf("the origin")),
		c.say(213, "MFMT "+released.Format("20060102150405")+" "+chess))
	if err != nil {
		return err
	}
	for _, o := range outsiders {
		if err := d.hire(ctx, servers, c, o); err != nil {
			return err
		}
	}
	if err := d.tell(c, "SITE DIRMIRROR 1 /games"); err != nil {
		return err
	}
	d.say("Of 40 downloads these gave so many:")
	counts, err := d.count(ctx, 40)
	if err != nil {
		return err
	}
	if counts["/east"] == 0 || counts["/west"] == 0 || counts["/east"]+counts["/west"] != 40 {
		return errors.New("want all from /east and /west")
	}
	d.say("Then /west dies. The other one is the default, as it was named first, and takes over in the same transfer. Of 10 downloads:")
	outsiders[1].leave()
	if counts, err = d.count(ctx, 10); err != nil {
		return err
	}
	if counts["/east"] != 10 {
		return errors.New("want all from /east")
	}
	return d.found(ctx, c)
}

// hire serves the games at another address, and tells the origin of it.
func (d *demo) hire(ctx context.Context, servers *errgroup.Group, c *client, o *outsider) error {
	dir := d.path(near, strings.TrimPrefix(o.alias, "/"))
	if err := writeText(dir+chess, chessOf(o.alias), released); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", address(o.host, 0))
	if err != nil {
		return err
	}
	ctx, o.leave = context.WithCancel(ctx)
	servers.Go(func() error { return distftp.ServeFolder(ctx, ln, dir) })
	return errs(
		d.tell(c, fmt.Sprintf("SITE REMOTE ADDALIAS %s %s %d anonymous demo /", o.alias, o.host, ln.Addr().(*net.TCPAddr).Port)),
		d.tell(c, fmt.Sprintf("SITE REMOTE ADDMIRROR 1 %d %s", o.weight, o.alias)))
}

// tell sends a command, and shows it and its answer.
func (d *demo) tell(c *client, command string) error {
	fmt.Fprintf(d.out, "  ftp> %s\n", command)
	answer, err := c.ask(2, command)
	if err != nil {
		return err
	}
	for line := range strings.Lines(answer) {
		fmt.Fprintf(d.out, "       %s\n", strings.TrimRight(line, "\n"))
	}
	return nil
}

// count fetches the games so many times, and shows how often they came from where.
func (d *demo) count(ctx context.Context, times int) (map[string]int, error) {
	counts := map[string]int{}
	for range times {
		text, err := d.sent(ctx, chess)
		if err != nil {
			return nil, err
		}
		_, from, _ := strings.Cut(strings.TrimSpace(text), " by ")
		counts[from]++
	}
	for _, o := range outsiders {
		fmt.Fprintf(d.out, "  %s %d\n", o.alias, counts[o.alias])
	}
	return counts, nil
}

// sent fetches a small file as anybody does.
func (d *demo) sent(ctx context.Context, path string) (string, error) {
	c, err := login(ctx, d.sites[0].addr(), "anonymous", "demo")
	if err != nil {
		return "", err
	}
	defer c.Close()
	text, _, err := c.fetch(ctx, "PASV", path)
	return string(text), err
}

// found lets the origin send its clients to whatever has all of its toys.
func (d *demo) found(ctx context.Context, c *client) error {
	d.say("Nobody has to name servers: the origin can ask the tracker who has all of its toys.")
	if err := d.tell(c, "SITE DIRMIRROR AUTO "+originBase); err != nil {
		return err
	}
	why := "SITE EXPLAIN " + originBase + newest
	mirror := d.sites[1].addr()
	err := await(ctx, why, func() error {
		answer, err := c.ask(2, why)
		if err == nil && !strings.Contains(answer, mirror) {
			err = fmt.Errorf("%q does not name %s", answer, mirror)
		}
		return err
	})
	if err != nil {
		return err
	}
	return d.tell(c, why)
}
