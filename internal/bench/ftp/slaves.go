package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/bench/process"
	"mirrortracker/internal/bench/run"
	"mirrortracker/internal/testbed"
)

// What is measured of a master and slaves beside vsftpd. The client asks for sizes, as
// most do, and goes to where the reply to PASV says, or not.
var (
	fromSlave     = measure{"download from a slave", "MiB", "GiB", 1024}
	throughMaster = measure{"download through the master", "MiB", "GiB", 1024}
	slaveOne      = measure{"files of 4 KiB from a slave, one connection", "files", "file", 1}
	slaveEight    = measure{"files of 4 KiB from a slave, eight connections", "files", "file", 1}
	masterOne     = measure{"files of 4 KiB through the master, one connection", "files", "file", 1}
	fourSlaves    = measure{"four downloads from four slaves", "MiB", "GiB", 1024}
)

var (
	obedient = habits{asks: true, obeys: true}
	wary     = habits{asks: true}
)

// slaves measures a server whose files are elsewhere.
func (b *bench) slaves(ctx context.Context) error {
	return b.withSlaves(1, func(cluster *testbed.Cluster, servers []*server) error {
		err := visitAll(servers, false, 8, obedient, func(visits []*visit) error {
			large := func(v *visit) (int, error) { return b.fetchLarge(v, large) }
			return errors.Join(
				visits[0].goesTo(cluster.Slaves[0].Addr),
				b.turns(ctx, fromSlave, visits, large),
				b.turns(ctx, slaveOne, visits, func(v *visit) (int, error) { return b.fetchSmall(v, 1) }),
				b.turns(ctx, slaveEight, visits, func(v *visit) (int, error) { return b.fetchSmall(v, len(v.sessions)) }),
				b.directCost(ctx, cluster.Masters[0], visits[0]))
		})
		if err != nil {
			return err
		}
		return visitAll(servers, false, 1, wary, func(visits []*visit) error {
			return errors.Join(
				b.turns(ctx, throughMaster, visits, func(v *visit) (int, error) { return b.fetchLarge(v, large) }),
				b.turns(ctx, masterOne, visits, func(v *visit) (int, error) { return b.fetchSmall(v, 1) }))
		})
	})
}

// four measures four slaves beside four of vsftpd, each of which has a file of its own.
func (b *bench) four(ctx context.Context) error {
	const n = 4
	return b.withSlaves(n, func(_ *testbed.Cluster, servers []*server) error {
		vsftpds := servers[1:]
		for range n - 1 {
			s, err := b.startOther(vsftpd, false)
			if err != nil {
				return err
			}
			defer s.close()
			vsftpds = append(vsftpds, s)
		}
		return visitAll(servers[:1], false, n, obedient, func(ours []*visit) error {
			return visitAll(vsftpds, false, 1, obedient, func(theirs []*visit) error {
				together := &visit{server: &server{name: vsftpd}}
				for _, v := range theirs {
					together.sessions = append(together.sessions, v.sessions...)
					together.families = append(together.families, v.families...)
				}
				return b.turns(ctx, fourSlaves, []*visit{ours[0], together}, func(v *visit) (int, error) {
					var group errgroup.Group
					for i, s := range v.sessions {
						path := large
						if v.name == ours[0].name {
							path = ownLarge(i)
						}
						group.Go(func() error { return s.discard("RETR "+path, int64(b.options.MiB)<<20) })
					}
					return n * b.options.MiB, group.Wait()
				})
			})
		})
	})
}

// ownLarge is the large file as only one of several slaves has it.
func ownLarge(slave int) string { return fmt.Sprintf("%s-%d", large, slave) }

// withSlaves starts a master with slaves, and vsftpd, calls a function, and stops them.
func (b *bench) withSlaves(n int, fn func(*testbed.Cluster, []*server) error) (err error) {
	cluster, err := testbed.LaunchCluster(testbed.ClusterConfig{
		Program: b.options.FTPD,
		Keys:    "anonymous = true\n",
		Tables:  "[log]\nlevel = \"warn\"\n[limits]\nsessions = 20000\nper_address = 20000\n",
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cluster.Close()) }()
	master := cluster.Masters[0]
	for i := range n {
		folder, err := b.Folder()
		if err != nil {
			return err
		}
		if n == 1 {
			err = b.share(folder)
		} else {
			err = os.Link(b.root+large, folder+ownLarge(i))
		}
		if err != nil {
			return err
		}
		if _, err := cluster.AddSlave(fmt.Sprint("slave", i+1), folder); err != nil {
			return err
		}
	}
	addr, err := netip.ParseAddrPort(master.FTP())
	if err != nil {
		return err
	}
	s := &server{name: ours, addr: addr, families: []process.Family{process.Family(master.PID())}}
	for i, m := range cluster.Slaves {
		s.families = append(s.families, process.Family(m.PID()))
		last := once
		if n > 1 {
			last = ownLarge(i)
		}
		if err := s.has(last); err != nil {
			return err
		}
	}
	servers := []*server{s}
	other, err := b.startOther(vsftpd, false)
	if err != nil {
		b.absent[vsftpd] = err.Error()
		b.Say("without %s: %v", vsftpd, err)
	} else {
		defer other.close()
		servers = append(servers, other)
	}
	return fn(cluster, servers)
}

// share lets a slave's folder have what is served.
func (b *bench) share(folder string) error {
	errs := []error{os.Link(b.root+large, folder+large), os.Mkdir(folder+small, 0o755)}
	for i := range b.options.Files {
		errs = append(errs, os.Link(b.root+smallFile(i), folder+smallFile(i)))
	}
	return errors.Join(append(errs, os.Link(b.root+once, folder+once))...)
}

// has waits until a server has a file.
func (s *server) has(path string) error {
	c, err := connect(loopback, s, nil)
	if err != nil {
		return err
	}
	defer c.close()
	if _, err := c.ask('2', "TYPE I"); err != nil {
		return err
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(time.Minute); ; <-again.C {
		_, err := c.ask('2', "SIZE "+path)
		if err == nil || time.Now().After(limit) {
			return err
		}
	}
}

// goesTo checks that the client is sent to a slave.
func (v *visit) goesTo(slave netip.Addr) error {
	c := v.sessions[0]
	if err := c.discard("RETR "+once, smallSize); err != nil {
		return err
	}
	if c.sent != slave {
		return fmt.Errorf("the client is sent to %v, not to %v", c.sent, slave)
	}
	return nil
}

func (b *bench) fetchLarge(v *visit, path string) (mib int, err error) {
	return b.options.MiB, v.sessions[0].discard("RETR "+path, int64(b.options.MiB)<<20)
}

// What shows what a transfer costs the master: so many downloads, less what it does in the
// same time anyway.
const (
	costs = 100
	quiet = 20 * time.Second
)

// directCost measures what downloads from a slave take of the master's processor time,
// large ones and small ones.
func (b *bench) directCost(ctx context.Context, master *testbed.Member, v *visit) error {
	anyway, err := load(master, func() error {
		select {
		case <-ctx.Done():
			return run.ErrInterrupted
		case <-time.After(quiet):
			return nil
		}
	})
	if err != nil {
		return err
	}
	for _, path := range []string{once, large} {
		began := time.Now()
		spent, err := load(master, func() error {
			for range costs {
				if err := v.sessions[0].discard("RETR "+path, smallSize); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		spent -= time.Duration(float64(anyway) * float64(time.Since(began)) / float64(quiet))
		b.results.Direct = append(b.results.Direct, direct{path, max(0, spent).Seconds() / costs})
	}
	return nil
}

// load returns the processor time that a server takes while something is done.
func load(server *testbed.Member, fn func() error) (time.Duration, error) {
	before, err := process.Family(server.PID()).CPU()
	if err != nil {
		return 0, err
	}
	if err := fn(); err != nil {
		return 0, err
	}
	after, err := process.Family(server.PID()).CPU()
	return after - before, err
}
