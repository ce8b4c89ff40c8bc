package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/bench/link"
	"mirrortracker/internal/bench/run"
)

var parts = []run.Part[*bench]{
	{Name: loopback, Run: (*bench).loopback},
	{Name: near, Run: (*bench).at20ms},
	{Name: far, Run: (*bench).at100ms},
	{Name: "list-only", Run: (*bench).listOnly},
	{Name: "large", Run: (*bench).large},
}

// Distances as results name them.
const (
	loopback = "loopback"
	near     = "20ms"
	far      = "100ms"
)

// forInformation is how long a crawl of ours may take where no figure is asked for.
const forInformation = time.Minute

// loopback measures all clients beside the servers.
func (b *bench) loopback(ctx context.Context) error {
	t, err := b.plant(ctx, b.options.Dirs)
	if err != nil {
		return err
	}
	v := vantage{loopback, b.near}
	return b.withServers(t, []kind{vsftpd, vsftpdPlain, proftpd, pureFTPd, pyftpdlib}, func(servers []*server) error {
		for _, s := range servers {
			runs := b.options.Runs
			if s.name == vsftpdPlain.name {
				runs = 1
			}
			for range runs {
				if err := b.crawl(ctx, v, s, defaultConnections, b.options.Most); err != nil {
					return err
				}
				if err := b.download(ctx, v, s); err != nil {
					return err
				}
			}
			if s.name == vsftpdPlain.name {
				continue
			}
			if err := b.crawl(ctx, v, s, 1, forInformation); err != nil {
				return err
			}
			if err := b.walk(ctx, v, s); err != nil {
				return err
			}
			for _, c := range []client{lftpFind, lftpDu, rclone} {
				if err := b.client(ctx, v, s, c, b.options.Window); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// at20ms measures us and the plain walk at a distance for which no figure is asked.
func (b *bench) at20ms(ctx context.Context) error {
	t, err := b.plant(ctx, b.options.Dirs)
	if err != nil {
		return err
	}
	return b.distant(ctx, 20*time.Millisecond, t, []kind{vsftpd, proftpd, pureFTPd, pyftpdlib}, forInformation)
}

// at100ms is the distance of the figures that are asked for.
func (b *bench) at100ms(ctx context.Context) error {
	t, err := b.plant(ctx, b.options.Dirs)
	if err != nil {
		return err
	}
	asked := []kind{vsftpd, proftpd, pureFTPd}
	if err := b.distant(ctx, 100*time.Millisecond, t, asked, b.options.Most); err != nil {
		return err
	}
	return b.distant(ctx, 100*time.Millisecond, t, []kind{vsftpdPlain, pyftpdlib}, forInformation)
}

// listOnly measures at 100 ms what can be done with a server that has only LIST. The
// tree is a small one: there is not much to gain.
func (b *bench) listOnly(ctx context.Context) error {
	t, err := b.plant(ctx, listOnlyFolders(b.options.Dirs))
	if err != nil {
		return err
	}
	return b.distant(ctx, 100*time.Millisecond, t, []kind{listOnly}, b.options.Most)
}

// listOnlyFolders is how many folders the tree of listOnly has.
func listOnlyFolders(folders int) int { return max(folders/50, min(folders, 50)) }

// largeFolders is how many folders the large tree has.
func largeFolders(folders int) int { return 5 * folders }

// largeKinds are the servers of the large tree: those with the quickest listings, and
// so with the least time for the crawler to let go of what it has read.
var largeKinds = []kind{pureFTPd, vsftpd}

// large measures time and memory of crawling a large tree.
func (b *bench) large(ctx context.Context) error {
	t, err := b.plant(ctx, largeFolders(b.options.Dirs))
	if err != nil {
		return err
	}
	return b.withServers(t, largeKinds, func(servers []*server) error {
		for _, s := range servers {
			v := vantage{loopback, b.near}
			if err := b.crawl(ctx, v, s, defaultConnections, b.options.Most); err != nil {
				return err
			}
			if err := b.download(ctx, v, s); err != nil {
				return err
			}
		}
		v, err := b.remove(20 * time.Millisecond)
		if err != nil {
			return err
		}
		for _, s := range servers {
			if err := b.crawl(ctx, v, s, 1, forInformation); err != nil {
				return err
			}
		}
		return nil
	})
}

// distant measures at a distance, over one connection: us, the plain walk, and the
// server's own listing of the whole tree. The plain walks go on at the same time,
// because all that they do is wait.
func (b *bench) distant(ctx context.Context, roundTrip time.Duration, t *tree, kinds []kind, most time.Duration) error {
	v, err := b.remove(roundTrip)
	if err != nil {
		return err
	}
	return b.withServers(t, kinds, func(servers []*server) error {
		var walks errgroup.Group
		for _, s := range servers {
			walks.Go(func() error { return b.walk(ctx, v, s) })
		}
		if err := walks.Wait(); err != nil {
			return err
		}
		for _, s := range servers {
			if err := b.crawl(ctx, v, s, 1, most); err != nil {
				return err
			}
			if err := b.download(ctx, v, s); err != nil {
				return err
			}
		}
		return nil
	})
}

// A vantage is where clients stand.
type vantage struct {
	distance string
	from     *link.Network
}

// remove moves clients to a distance, and checks that they are there.
func (b *bench) remove(roundTrip time.Duration) (vantage, error) {
	b.link.SetRoundTrip(roundTrip)
	v := vantage{fmt.Sprintf("%dms", roundTrip.Milliseconds()), b.far}
	var ln net.Listener
	err := b.near.Do(func() (err error) {
		ln, err = net.Listen("tcp4", "127.0.0.1:0")
		return err
	})
	if err != nil {
		return v, err
	}
	defer ln.Close()
	for range connectTries {
		measured, err := b.far.ConnectTime(ln.Addr().String())
		if err != nil {
			return v, fmt.Errorf("connect over the link: %w", err)
		}
		b.Say("connecting takes %.2f ms", float64(measured.Microseconds())/1e3)
		if off := measured - roundTrip; off.Abs() <= roundTrip/20 {
			b.connects = append(b.connects, connect{roundTrip, measured})
			return v, nil
		}
	}
	return v, fmt.Errorf("connecting over a link with a round trip of %v takes longer: the machine is too busy to measure anything", roundTrip)
}

// connectTries is how often a busy machine may be late.
const connectTries = 10
