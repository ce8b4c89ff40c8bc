package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"mirrortracker/internal/bench/process"
	"mirrortracker/internal/testbed"
)

// ours is the program that all of this is about.
const ours = "ftpd"

// others are what it is compared with, vsftpd first, which the figures name.
var others = []string{vsftpd, "proftpd", "pure-ftpd"}

const vsftpd = "vsftpd"

// A server is running.
type server struct {
	name     string
	addr     netip.AddrPort
	families []process.Family // its processes
	close    func() error
}

// cpu is the time that its processes have taken of the processors.
func (s *server) cpu() (sum time.Duration, err error) {
	for _, f := range s.families {
		one, err := f.CPU()
		if err != nil {
			return 0, err
		}
		sum += one
	}
	return sum, nil
}

// withServers starts the servers, ours first, calls a function with those that could be
// started, and stops them.
func (b *bench) withServers(secure bool, fn func([]*server) error) (err error) {
	var running []*server
	defer func() {
		for _, s := range running {
			err = errors.Join(err, s.close())
		}
	}()
	s, err := b.startOurs()
	if err != nil {
		return err
	}
	running = append(running, s)
	for _, name := range others {
		s, err := b.startOther(name, secure)
		if err != nil {
			b.absent[name] = err.Error()
			b.Say("without %s: %v", name, err)
			continue
		}
		running = append(running, s)
	}
	return fn(running)
}

// startOther starts a server of the testbed. None of them logs transfers, all know the
// caller's address alone and not its name, and with TLS data connections reuse the
// session of the control connection where the server has that.
func (b *bench) startOther(name string, secure bool) (*server, error) {
	config := testbed.FTPConfig{Root: b.root}
	if secure {
		config.TLS, config.Certificate, config.RequireReuse = "explicit", b.certificate, true
	}
	ftp, err := testbed.LaunchFTP(name, config)
	if err != nil {
		return nil, err
	}
	addr, err := netip.ParseAddrPort(ftp.Addr)
	return &server{name: name, addr: addr, families: []process.Family{process.Family(ftp.PID)}, close: ftp.Close}, err
}

// ftpdConfig is what an administrator of a public server would say: no limit that the
// one client here would meet.
const ftpdConfig = `directory = %q
listen = "127.0.0.1:0"
[log]
level = "warn"
[limits]
sessions = 20000
per_address = 20000
[tls]
certificate = %q
key = %[2]q
require_reuse = true
`

// startOurs starts ftpd.
func (b *bench) startOurs() (*server, error) {
	certificate := b.file("certificate.pem")
	text, err := testbed.PEMOf(b.certificate)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(certificate, []byte(text), 0o600); err != nil {
		return nil, err
	}
	config := b.file("ftpd.toml")
	if err := os.WriteFile(config, fmt.Appendf(nil, ftpdConfig, b.root, certificate), 0o644); err != nil {
		return nil, err
	}
	log := b.file("ftpd.log")
	if err := os.RemoveAll(log); err != nil {
		return nil, err
	}
	p, err := process.Start(log, []string{"FTPD_CONFIG="}, b.options.FTPD, "serve", "--config", config)
	if err != nil {
		return nil, err
	}
	s := &server{name: ours, families: []process.Family{p.Family()}, close: p.Stop}
	err = p.Await(10*time.Second, func() error {
		addr, err := p.Announced("ftp://")
		if err == nil {
			s.addr, err = netip.ParseAddrPort(addr)
		}
		return err
	})
	if err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return s, nil
}

// clientTLS is the configuration of a client's TLS, nil if it has none. Each session has its
// own, whose tickets its data connections use.
func clientTLS(secure bool) *tls.Config {
	if !secure {
		return nil
	}
	return &tls.Config{InsecureSkipVerify: true, ServerName: "127.0.0.1", ClientSessionCache: tls.NewLRUClientSessionCache(1)}
}
