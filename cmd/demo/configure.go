package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// Addresses of clients in the networks that the demo declares.
const (
	hamburg = "192.0.2.7"
	boston  = "198.51.100.7"
)

// networks say where clients are, since there is no database of places here. This
// machine is one of those in Hamburg.
const networks = `
[[network]]
name = "hamburg"
prefixes = ["127.0.0.0/8", "192.0.2.0/24"]
sites = ["mirror"]
latitude = 53.55
longitude = 9.99

[[network]]
name = "boston"
prefixes = ["198.51.100.0/24"]
latitude = 42.36
longitude = -71.06
`

// config is the path of the configuration.
func (d *demo) config() string { return filepath.Join(d.dir, "tracker.toml") }

// configure writes the configuration of the programs.
func (d *demo) configure() error {
	database := "sqlite:" + filepath.Join(d.dir, "tracker.db")
	return os.WriteFile(d.config(), fmt.Appendf(nil, "database = %q\n%s", database, networks), 0o600)
}
