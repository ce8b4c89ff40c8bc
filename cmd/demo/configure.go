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

// A tracker is one of the two, by the name of its configuration.
type tracker string

// The tracker that answers requests, and another one that crawls sites for it.
const (
	near tracker = "tracker"
	far  tracker = "colleague"
)

// config is the path of a tracker's configuration.
func (d *demo) config(k tracker) string { return filepath.Join(d.dir, string(k)+".toml") }

// configure writes the configuration of both. The one that is far serves its snapshots
// at an address.
func (d *demo) configure(address string) error {
	for k, more := range map[tracker]string{near: networks, far: ""} {
		text := fmt.Sprintf("database = %q\n[peers]\nname = %q\nkey = %q\nfolder = %q\n",
			"sqlite:"+d.path(k, "db"), k, d.path(k, "key"), d.path(k, "packs"))
		if k == far {
			text += fmt.Sprintf("listen = %q\n", address)
		}
		if err := os.WriteFile(d.config(k), []byte(text+more), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// path is where a tracker keeps something.
func (d *demo) path(k tracker, what string) string {
	return filepath.Join(d.dir, string(k)+"."+what)
}
