package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
)

const (
	maxSessions = 1_000_000
	maxFailures = 10_000
)

// Validate reports everything that cannot be, each with its key, what it is and
// what it may be.
func (c *Config) Validate() error {
	t, p, l, w, r := &c.TLS, &c.Passive, &c.Limits, &c.Timeouts, &c.TransferLog
	_, badPorts := data.ParsePorts(p.Ports)
	return errors.Join(
		strict.Filled("database", c.Database),
		someone(c),
		greeting("banner", c.Banner),
		hosts("hosts", c.Hosts),
		strict.Lasting("stop_timeout", c.StopTimeout, 0, 24*time.Hour),
		c.Log.Check("log"),
		strict.Pair("tls.certificate", t.Certificate, "tls.key", t.Key),
		strict.OneOf("tls.require", t.Require, Nothing, Passwords, Logins, Data),
		possible(t),
		strict.Of("passive.ports", badPorts),
		family4("passive.external_ipv4", p.External4),
		family6("passive.external_ipv6", p.External6),
		strict.Between("limits.sessions", l.Sessions, 0, maxSessions),
		strict.Between("limits.per_address", l.PerAddress, 0, maxSessions),
		strict.Between("limits.per_user", l.PerUser, 0, maxSessions),
		strict.Between("limits.failures", l.Failures, 0, maxFailures),
		strict.Lasting("limits.failure_memory", l.FailureMemory, time.Second, 24*time.Hour),
		strict.Filled("transfer_log.xferlog", r.XferLog),
		strict.Filled("transfer_log.json", r.JSON),
		apart(r),
		strict.OneOf("transfer_log.events", r.Events, Transfers, All),
		strict.Optional("metrics.listen", c.Metrics.Listen, strict.Address),
		strict.Lasting("timeouts.login", w.Login, time.Second, time.Hour),
		strict.Lasting("timeouts.idle", w.Idle, time.Second, 24*time.Hour),
		strict.Lasting("timeouts.data", w.Data, time.Second, time.Hour),
		strict.Address("master.listen", c.Master.Listen),
		strict.Optional("master.announce", c.Master.Announce, announced),
		strict.Lasting("master.repair_after", c.Master.RepairAfter, time.Second, 30*24*time.Hour),
		addresses("listen", c.Listen),
		addresses("tls_listen", c.TLSListen),
		doors(c),
		mirrored(c),
		tracker(&c.Tracker),
		networks(c.Networks),
	)
}

// mirrored checks the directories whose clients are sent to replicas.
func mirrored(c *Config) error {
	var failed []error
	for _, dir := range c.AutoMirror {
		if p, err := mirror.ParsePath(dir); err != nil || string(p) != dir {
			failed = append(failed, strict.Wrong("auto_mirror", `has %q, must be paths from the root such as "/pub", without a slash at the end`, dir))
		}
	}
	if len(c.AutoMirror) > 0 && c.Tracker.Database == "" {
		failed = append(failed, strict.Wrong("auto_mirror", "needs tracker.database, which knows the replicas"))
	}
	return errors.Join(failed...)
}

// tracker checks what is said of it. Which sites it has cannot be known here.
func tracker(t *Tracker) error {
	failed := []error{
		strict.Lasting("tracker.refresh", t.Refresh, 100*time.Millisecond, time.Hour),
		strict.Lasting("tracker.digests", t.Digests, time.Second, 24*time.Hour),
	}
	for _, name := range t.Self {
		failed = append(failed, strict.Of("tracker.self", mirror.ValidName(name)))
	}
	return errors.Join(failed...)
}

// networks checks what is said of networks. Which slaves and sites there are cannot be known
// here.
func networks(all []Network) error {
	var failed []error
	owners := map[netip.Prefix]string{}
	for i, n := range all {
		if n.Name == "" {
			failed = append(failed, fmt.Errorf("network %d: it has no name", i+1))
		}
		if len(n.Prefixes) == 0 || len(n.Slaves)+len(n.Sites) == 0 && n.Country == "" && n.Place() == nil {
			failed = append(failed, fmt.Errorf("network %s: needs prefixes, and slaves, sites, a country, or latitude and longitude", n.Name))
		}
		if err := n.whereabouts(); err != nil {
			failed = append(failed, fmt.Errorf("network %s: %w", n.Name, err))
		}
		for _, p := range n.Prefixes {
			switch canonical := nearest.Canonical(p); {
			case canonical != p:
				failed = append(failed, fmt.Errorf("network %s: prefix %s: write %s", n.Name, p, canonical))
			case p.Addr().Is6() && p.Bits() > nearest.MaxBits6:
				failed = append(failed, fmt.Errorf("network %s: prefix %s: clients of IPv6 are told apart by %d bits", n.Name, p, nearest.MaxBits6))
			case owners[p] != "":
				failed = append(failed, fmt.Errorf("network %s: prefix %s stands in network %s too", n.Name, p, owners[p]))
			}
			owners[p] = n.Name
		}
	}
	return errors.Join(failed...)
}

// whereabouts checks where clients are said to be, and what is near to them.
func (n *Network) whereabouts() error {
	if (n.Latitude == nil) != (n.Longitude == nil) {
		return errors.New("latitude and longitude go together")
	}
	var failed []error
	if n.Country != "" {
		failed = append(failed, mirror.ValidCountry(n.Country))
	}
	if place := n.Place(); place != nil {
		failed = append(failed, place.Validate())
	}
	for _, name := range n.Sites {
		failed = append(failed, mirror.ValidName(name))
	}
	return errors.Join(failed...)
}

// possible checks that there can be TLS where nobody is to be served without.
func possible(t *TLS) error {
	switch {
	case t.Certificate != "":
	case t.Require == Logins, t.Require == Data:
		return strict.Wrong("tls.require", "is %q, which needs tls.certificate and tls.key", t.Require)
	case t.RequireReuse:
		return strict.Wrong("tls.require_reuse", "is true, which needs tls.certificate and tls.key")
	}
	return nil
}

// apart checks that the two formats do not get into one file.
func apart(r *TransferLog) error {
	if r.XferLog == r.JSON && r.JSON != Off {
		return strict.Wrong("transfer_log.json", "and transfer_log.xferlog are both %q, so that nobody could read it", r.JSON)
	}
	return nil
}

func someone(c *Config) error {
	if !c.Users && !c.Anonymous {
		return strict.Wrong("anonymous", "and users are both false, so that nobody can log in")
	}
	return nil
}

// greeting checks what every client reads first.
func greeting(key, value string) error {
	odd := strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f })
	if value == "" || len(value) > 4096 || odd {
		return strict.Wrong(key, `is %q, must be 1 to 4096 bytes of text, without control characters but "\n" between lines`, value)
	}
	return nil
}

func hosts(key string, all []string) error {
	for _, host := range all {
		if name, ok := control.HostName(host); !ok || name != host {
			return strict.Wrong(key, `has %q, must be names in small letters such as "ftp.example.org", or addresses, those of IPv6 in brackets`, host)
		}
	}
	return nil
}

func addresses(key, value string) error {
	for address := range strings.FieldsSeq(value) {
		if err := strict.Address(key, address); err != nil {
			return err
		}
	}
	return nil
}

// announced checks an address that others are told to connect to.
func announced(key, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" || port == "0" {
		return strict.Wrong(key, `is %q, must be HOST:PORT at which slaves reach this master, such as "ftp1.example.org:2122"`, address)
	}
	return nil
}

// doors checks the further doors, and that no two are at one address.
func doors(c *Config) error {
	var failed []error
	for i, d := range c.Doors {
		key := func(name string) string { return fmt.Sprintf("door %d: %s", i+1, name) }
		_, badPorts := data.ParsePorts(d.Ports)
		if d.Ports == "" {
			badPorts = nil
		}
		failed = append(failed,
			strict.Address(key("listen"), d.Listen),
			strict.Optional(key("tls"), d.TLS, func(key, value string) error { return strict.OneOf(key, value, explicit, implicit) }),
			strict.Of(key("ports"), badPorts),
			family4(key("external_ipv4"), d.External4),
			family6(key("external_ipv6"), d.External6),
		)
	}
	taken := map[string]bool{}
	for _, d := range c.Everywhere() {
		if taken[d.Listen] && !strings.HasSuffix(d.Listen, ":0") {
			failed = append(failed, fmt.Errorf("listen, tls_listen, door: %s is the address of two doors", d.Listen))
		}
		taken[d.Listen] = true
		if d.Implicit() && c.TLS.Certificate == "" {
			failed = append(failed, fmt.Errorf("implicit TLS at %s needs tls.certificate and tls.key", d.Listen))
		}
	}
	return errors.Join(failed...)
}

func family4(key string, address netip.Addr) error {
	if address.IsValid() && !address.Is4() {
		return strict.Wrong(key, `is %q, must be an address of IPv4 such as "192.0.2.1"`, address)
	}
	return nil
}

func family6(key string, address netip.Addr) error {
	if address.IsValid() && (!address.Is6() || address.Is4In6() || address.Zone() != "") {
		return strict.Wrong(key, `is %q, must be an address of IPv6 such as "2001:db8::1"`, address)
	}
	return nil
}
