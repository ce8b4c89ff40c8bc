package config

import (
	_ "embed"
	"net/netip"
	"time"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/nearest"
)

// Commented is the configuration file that has every key, each explained and
// at its default.
//
//go:embed ftpd.toml
var Commented string

// A Config is all that can be configured. ftpd.toml says what each key means; here
// stands what the program needs to know beyond that.
type Config struct {
	Directory   string          `toml:"directory"`
	Listen      string          `toml:"listen"`     // addresses with blanks between them
	TLSListen   string          `toml:"tls_listen"` // the same
	Database    string          `toml:"database"`   // as account.Open takes it
	Secrets     string          `toml:"secrets"`    // a path; "" as mirrors.KeyFile has it
	Users       bool            `toml:"users"`
	Anonymous   bool            `toml:"anonymous"`
	Banner      string          `toml:"banner"`
	Hosts       []string        `toml:"hosts"`
	Umask       Umask           `toml:"umask"`
	Mirrors     bool            `toml:"mirrors"`     // where there are no users, of a folder
	MirrorCA    string          `toml:"mirror_ca"`   // a path; "" for none
	AutoMirror  []string        `toml:"auto_mirror"` // paths of directories, as mirror.ParsePath returns them
	StopTimeout strict.Duration `toml:"stop_timeout"`
	Log         strict.Log      `toml:"log"`
	TLS         TLS             `toml:"tls"`
	Passive     Passive         `toml:"passive"`
	Limits      Limits          `toml:"limits"`
	Timeouts    Timeouts        `toml:"timeouts"`
	TransferLog TransferLog     `toml:"transfer_log"`
	Metrics     Metrics         `toml:"metrics"`
	Master      Master          `toml:"master"`
	Tracker     Tracker         `toml:"tracker"`
	Nearest     Nearest         `toml:"nearest"`
	Networks    []Network       `toml:"network"`
	Doors       []Door          `toml:"door"`
}

// What may be refused without TLS; each includes those before it.
const (
	Nothing   = "nothing"
	Passwords = "passwords"
	Logins    = "logins"
	Data      = "data"
)

// TLS says how connections are protected.
type TLS struct {
	Certificate  string `toml:"certificate"` // a path, "" for none
	Key          string `toml:"key"`
	Require      string `toml:"require"` // Nothing, Passwords, Logins or Data
	RequireReuse bool   `toml:"require_reuse"`
}

// Passive says how clients reach the data connections that we wait for.
type Passive struct {
	Ports     string     `toml:"ports"` // as data.ParsePorts reads it
	External4 netip.Addr `toml:"external_ipv4"`
	External6 netip.Addr `toml:"external_ipv6"`
}

// Limits bound the sessions at a time, and failed logins; 0 is no limit.
type Limits struct {
	Sessions      int             `toml:"sessions"`
	PerAddress    int             `toml:"per_address"`
	PerUser       int             `toml:"per_user"`
	Failures      int             `toml:"failures"`
	FailureMemory strict.Duration `toml:"failure_memory"`
}

// Timeouts say how long is waited for clients.
type Timeouts struct {
	Login strict.Duration `toml:"login"`
	Idle  strict.Duration `toml:"idle"`
	Data  strict.Duration `toml:"data"`
}

// Off, as the name of a file, stands for none.
const Off = "off"

// What a transfer log in JSON may have.
const (
	Transfers = "transfers"
	All       = "all"
)

// TransferLog says where transfers are recorded: a path, "-" for standard output, or
// Off.
type TransferLog struct {
	XferLog string `toml:"xferlog"`
	JSON    string `toml:"json"`
	Events  string `toml:"events"` // in JSON: Transfers or All
}

// Metrics says where Prometheus asks for them.
type Metrics struct {
	Listen string `toml:"listen"` // "" for nowhere
}

// Master says how the machines that hold the files reach a master.
type Master struct {
	Listen      string          `toml:"listen"`
	Announce    string          `toml:"announce"` // "": Listen, if that names a host, or the machine's name with its port
	RepairAfter strict.Duration `toml:"repair_after"`
}

// Tracker says where the replicas are known to which clients of mirrored directories are
// sent.
type Tracker struct {
	Database string          `toml:"database"` // as store.Open takes it; "" for none
	Cache    string          `toml:"cache"`    // a folder, "" for none
	Refresh  strict.Duration `toml:"refresh"`
	Digests  strict.Duration `toml:"digests"`
	Self     []string        `toml:"self"` // names of sites
}

// Nearest says from what it is known which slaves and sites are near to a client.
type Nearest struct {
	Databases []string `toml:"databases"` // files in MaxMind's format
}

// A Network is one whose clients are sent to some slaves and sites rather than to others.
type Network struct {
	Name      string         `toml:"name"`
	Prefixes  []netip.Prefix `toml:"prefixes"`
	Slaves    []string       `toml:"slaves"`
	Sites     []string       `toml:"sites"` // of the tracker
	Country   string         `toml:"country"`
	Latitude  *float64       `toml:"latitude"`
	Longitude *float64       `toml:"longitude"`
}

// Place returns where the clients are, nil if that is not said.
func (n *Network) Place() *mirror.Place {
	if n.Latitude == nil || n.Longitude == nil {
		return nil
	}
	return &mirror.Place{Latitude: *n.Latitude, Longitude: *n.Longitude}
}

// NearestSlaves returns what is configured in the words of package nearest, for which slaves
// are sites.
func (c *Config) NearestSlaves() nearest.Options {
	return c.nearest(func(n *Network) []string { return n.Slaves })
}

// NearestSites returns the same for the sites of the tracker.
func (c *Config) NearestSites() nearest.Options {
	return c.nearest(func(n *Network) []string { return n.Sites })
}

func (c *Config) nearest(home func(n *Network) []string) nearest.Options {
	o := nearest.Options{Costs: nearest.DefaultCosts()}
	for i := range c.Networks {
		n := &c.Networks[i]
		o.Networks = append(o.Networks, nearest.Network{
			Name: n.Name, Prefixes: n.Prefixes, Sites: home(n), Country: n.Country, Place: n.Place(),
		})
	}
	return o
}

// Default returns what is in force where nothing else is said.
func Default() Config {
	return Config{
		Listen:      ":2121",
		Database:    "sqlite:var/ftpd.db",
		Anonymous:   true,
		Banner:      "FTP server ready",
		Hosts:       []string{},
		Umask:       Umask{0o022},
		StopTimeout: strict.Span(5 * time.Minute),
		Log:         strict.DefaultLog,
		TLS:         TLS{Require: Passwords},
		Passive:     Passive{Ports: "49152-65535"},
		Limits:      Limits{Sessions: 1000, PerAddress: 100, Failures: 20, FailureMemory: strict.Span(30 * time.Second)},
		TransferLog: TransferLog{XferLog: Off, JSON: Off, Events: Transfers},
		Master:      Master{Listen: ":2122", RepairAfter: strict.Span(10 * time.Minute)},
		AutoMirror:  []string{},
		Tracker:     Tracker{Refresh: strict.Span(2 * time.Second), Digests: strict.Span(10 * time.Minute), Self: []string{}},
		Nearest:     Nearest{Databases: []string{}},
		Timeouts:    Timeouts{Login: strict.Span(time.Minute), Idle: strict.Span(5 * time.Minute), Data: strict.Span(time.Minute)},
	}
}
