package config

import (
	"cmp"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/urn"
)

// An Archive is a named archive as the file declares it.
type Archive struct {
	Name string `toml:"name"`
	Site string `toml:"site"`
	Path string `toml:"path"` // "" for all of the site
}

// Archive returns the archive in the words of the rest of the tracker.
func (a Archive) Archive() urn.Archive {
	return urn.Archive{Name: a.Name, Site: a.Site, Path: mirror.Path(cmp.Or(a.Path, string(mirror.Root)))}
}

// Names returns what URNs name. They were validated when they were loaded.
func (c *Config) Names() (*urn.Names, error) {
	archives := make([]urn.Archive, len(c.Archives))
	for i, a := range c.Archives {
		archives[i] = a.Archive()
	}
	return urn.NewNames(c.Redirector.NID, archives)
}
