package config

import (
	"cmp"
	_ "embed"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/distftp/data"
)

// Commented is the configuration file that has every key, each explained and at its
// default.
//
//go:embed slave.toml
var Commented string

// A Config is all that can be configured. slave.toml says what each key means.
type Config struct {
	Folders     []string        `toml:"folders"`
	Identity    string          `toml:"identity"`
	Rack        string          `toml:"rack"`
	SHA256      bool            `toml:"sha256"`
	Reserve     strict.Size     `toml:"reserve"`
	Verify      strict.Size     `toml:"verify"`
	StopTimeout strict.Duration `toml:"stop_timeout"`
	Log         strict.Log      `toml:"log"`
	Data        Data            `toml:"data"`
	Relay       Relay           `toml:"relay"`
	Metrics     Metrics         `toml:"metrics"`
}

// Data says how clients reach the slave.
type Data struct {
	Addresses []netip.Addr `toml:"addresses"`
	Ports     string       `toml:"ports"` // as data.ParsePorts reads it
	External4 netip.Addr   `toml:"external_ipv4"`
	External6 netip.Addr   `toml:"external_ipv6"`
}

// Relay says how masters and other slaves reach it.
type Relay struct {
	Listen    string           `toml:"listen"`
	Addresses []netip.AddrPort `toml:"addresses"`
}

// Metrics says where Prometheus asks for them.
type Metrics struct {
	Listen string `toml:"listen"` // "" for nowhere
}

// DefaultFile is read where no file is named, if it is there.
const DefaultFile = "slave.toml"

// Environment is the variables that go before the file.
const Environment strict.Environment = "FTPD_SLAVE_"

// Default returns what is in force where nothing else is said.
func Default() Config {
	return Config{
		Folders:     []string{},
		Identity:    "var/slave.pem",
		Reserve:     256 << 20,
		Verify:      8 << 20,
		StopTimeout: strict.Span(5 * time.Minute),
		Log:         strict.DefaultLog,
		Data:        Data{Addresses: []netip.Addr{}, Ports: "49152-65535"},
		Relay:       Relay{Listen: ":2120", Addresses: []netip.AddrPort{}},
	}
}

// File returns the path of the configuration file, "" for none. named is the one that
// the command line names.
func File(named string, getenv func(string) string) string {
	return strict.Find(cmp.Or(named, getenv(Environment.Config())), DefaultFile)
}

// Load loads the configuration from a file, which may be "", and the environment. Flags
// go before both, by the keys for which they stand.
func Load(file string, environ []string, getenv func(string) string, flags map[string]string) (Config, error) {
	if err := Environment.Check(environ, &Config{}); err != nil {
		return Config{}, err
	}
	above := map[string]string{}
	for key, text := range flags {
		above[Environment.Variable(key)] = text
	}
	c := Default()
	if err := strict.Load(&c, file, Environment, strict.Above(getenv, above)); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Validate reports everything that cannot be, each with its key, what it is and what it
// may be.
func (c *Config) Validate() error {
	_, badPorts := data.ParsePorts(c.Data.Ports)
	return errors.Join(
		c.folders(),
		strict.Filled("identity", c.Identity),
		rack(c.Rack),
		strict.Between("reserve", c.Reserve, 0, 1<<50),
		strict.Between("verify", c.Verify, 0, 1<<40),
		strict.Lasting("stop_timeout", c.StopTimeout, 0, 24*time.Hour),
		c.Log.Check("log"),
		c.addresses(),
		strict.Of("data.ports", badPorts),
		family("data.external_ipv4", c.Data.External4, 4, "192.0.2.1"),
		family("data.external_ipv6", c.Data.External6, 6, "2001:db8::1"),
		strict.Address("relay.listen", c.Relay.Listen),
		c.relays(),
		strict.Optional("metrics.listen", c.Metrics.Listen, strict.Address),
	)
}

func (c *Config) folders() error {
	for i, folder := range c.Folders {
		if folder == "" {
			return strict.Wrong("folders", "has an empty name")
		}
		if slices.Contains(c.Folders[:i], folder) {
			return strict.Wrong("folders", "has %q twice", folder)
		}
	}
	return nil
}

// maxRack bounds the label, which masters keep.
const maxRack = 64

func rack(label string) error {
	if len(label) > maxRack {
		return strict.Wrong("rack", "has %d bytes, must have at most %d", len(label), maxRack)
	}
	return nil
}

func (c *Config) addresses() error {
	var families []bool
	for _, a := range c.Data.Addresses {
		switch {
		case !usable(a):
			return strict.Wrong("data.addresses", "has %q, must be addresses of this machine, such as 192.0.2.1", a)
		case slices.Contains(families, a.Is4()):
			return strict.Wrong("data.addresses", "has two of a family, must be one of IPv4, one of IPv6, or both")
		}
		families = append(families, a.Is4())
	}
	return nil
}

func (c *Config) relays() error {
	if len(c.Relay.Addresses) > maxRelays {
		return strict.Wrong("relay.addresses", "has %d, must be at most %d", len(c.Relay.Addresses), maxRelays)
	}
	for _, a := range c.Relay.Addresses {
		if !usable(a.Addr()) || a.Port() == 0 {
			return strict.Wrong("relay.addresses", "has %q, must be addresses with ports such as 192.0.2.1:2120", a)
		}
	}
	return nil
}

// maxRelays is how many addresses a slave may tell masters.
const maxRelays = 4

// usable reports whether an address can be told to others.
func usable(a netip.Addr) bool {
	return a.IsValid() && !a.IsUnspecified() && !a.IsMulticast() && !a.Is4In6() && a.Zone() == ""
}

func family(key string, a netip.Addr, number int, such string) error {
	if a.IsValid() && (!usable(a) || a.Is4() != (number == 4)) {
		return strict.Wrong(key, "is %q, must be an address of IPv%d such as %q", a, number, such)
	}
	return nil
}

// DataPorts returns the ports of data connections.
func (c *Config) DataPorts() data.Ports {
	ports, err := data.ParsePorts(c.Data.Ports)
	if err != nil {
		panic("config: ports were not validated: " + err.Error())
	}
	return ports
}

// RelayAt returns where masters and slaves reach the relay port, which is open at a port of
// addresses that clients reach, unless something else is said.
func (c *Config) RelayAt(port uint16, public []netip.Addr) []netip.AddrPort {
	if len(c.Relay.Addresses) > 0 {
		return c.Relay.Addresses
	}
	host, _, _ := net.SplitHostPort(c.Relay.Listen)
	if a, err := netip.ParseAddr(host); err == nil && !a.IsUnspecified() {
		return []netip.AddrPort{netip.AddrPortFrom(a, port)}
	}
	var at []netip.AddrPort
	for _, a := range public {
		at = append(at, netip.AddrPortFrom(a, port))
	}
	return at
}

var _ strict.Configuration = (*Config)(nil)
