package main

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/doctor"
	"mirrortracker/internal/human"
)

// What ftpd doctor finds on this machine, without a visit.

func folderFindings(f *doctor.Findings, dir string) {
	if dir == "" {
		f.Bad("directory", `name one: "ftpd doctor DIR", as for "ftpd serve", or "directory" in the configuration; a master has none: "ftpd doctor --master"`, "none is named")
		return
	}
	folder, err := os.Open(dir)
	if err == nil {
		defer folder.Close()
		if _, err = folder.ReadDir(1); errors.Is(err, io.EOF) {
			f.Doubt("directory", "put something there", "%s is empty", dir)
			return
		}
	}
	if err != nil {
		f.Bad("directory", "name a folder that this user may read and enter", "%v", err)
		return
	}
	f.Good("directory", "%s can be read", dir)
}

func (a *app) userFindings(f *doctor.Findings, cfg *config.Config) {
	if !cfg.Users {
		return
	}
	store, err := a.open(cfg)
	if err != nil {
		f.Bad("database", `the database is named by --database, FTPD_DATABASE or "database" in the configuration`, "%v", err)
		return
	}
	defer store.Close()
	if why, err := store.Forgets(a); err == nil && why != "" {
		f.Doubt("database", "set innodb_flush_log_at_trx_commit = 1 in the server's configuration", "%s", why)
	}
	users, err := store.Users(a)
	switch {
	case err != nil:
		f.Bad("database", "the database's log may say why", "%v", err)
	case len(users) == 1:
		f.Doubt("database", "ftpd user add NAME", "there is no user but the anonymous one")
	default:
		f.Good("database", "%s", human.Plural(int64(len(users)-1), "user", "users"))
	}
}

func certificateFindings(f *doctor.Findings, cfg *config.Config) {
	switch {
	case cfg.TLS.Certificate != "":
		f.Pair("certificate", cfg.TLS.Certificate, cfg.TLS.Key, cfg.Hosts, time.Now())
	case cfg.Users:
		f.Doubt("certificate", "tls.certificate and tls.key name one", "none, so that others can read the passwords of users")
	}
}

// fewPorts are soon used up: each transfer takes one, and keeps it for a minute more.
const fewPorts = 100

// portFindings looks at the ranges of ports for data connections.
func portFindings(f *doctor.Findings, cfg *config.Config) {
	seen := map[string]bool{}
	for _, d := range cfg.Everywhere() {
		if seen[d.Ports] {
			continue
		}
		seen[d.Ports] = true
		ports, err := data.ParsePorts(d.Ports)
		if err != nil {
			continue // the configuration was validated
		}
		rangeFindings(f, ports, "", "passive.ports")
	}
}

// rangeFindings looks at a range of ports at one address, or at all ("").
func rangeFindings(f *doctor.Findings, ports data.Ports, host, key string) {
	check := "passive ports " + ports.String()
	if host != "" {
		check += " at " + host
	}
	n := int(ports.Last) - int(ports.First) + 1
	step := max(1, n/64)
	tried, taken := 0, 0
	for port := int(ports.First); port <= int(ports.Last); port += step {
		tried++
		if l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port))); err != nil {
			taken++
		} else {
			l.Close()
		}
	}
	switch {
	case taken*2 > tried:
		f.Bad(check, "choose a range that nothing else uses: "+key, "of %d tried, %d are in use", tried, taken)
	case n < fewPorts:
		f.Doubt(check, "choose a larger range: "+key, "only %d; a port is in use for as long as its transfer, and a minute more", n)
	default:
		f.Good(check, "of %d tried, %d are free", tried, tried-taken)
	}
}

// addressFindings looks for an address translation that nobody has told us about.
func addressFindings(f *doctor.Findings, cfg *config.Config) {
	if external := cfg.Passive.External4; external.IsValid() {
		if external.IsPrivate() || external.IsLoopback() {
			f.Doubt("external address", "passive.external_ipv4 is the address that clients outside connect to", "%s is one that only this network knows", external)
		}
		return
	}
	var inner []string
	for _, addr := range ourAddresses() {
		if addr.Is4() && !addr.IsPrivate() {
			return
		}
		if addr.Is4() {
			inner = append(inner, addr.String())
		}
	}
	if inner != nil {
		f.Doubt("external address", `if clients come from outside, set passive.external_ipv4 to the address that they connect to, and see from there: ftpd doctor --connect HOST:PORT`,
			"of IPv4, this machine has addresses of its own network alone: %s", strings.Join(inner, ", "))
	}
}

// ourAddresses are those of this machine that others can know.
func ourAddresses() []netip.Addr {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var ours []netip.Addr
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().IsGlobalUnicast() {
			ours = append(ours, p.Addr().Unmap())
		}
	}
	return ours
}
