package ui

import (
	"fmt"
	"runtime/debug"
)

// Built returns which program this is: the module's version, the commit that it was built
// from, and the Go version; "unknown" or "" where it does not know.
func Built() (version, commit, goVersion string) {
	version = "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version, goVersion = info.Main.Version, info.GoVersion
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				commit = s.Value
			}
		}
	}
	return version, commit, goVersion
}

// Version prints which program this is.
func (e *Env) Version(program string, asJSON bool) error {
	version, commit, goVersion := Built()
	if asJSON {
		return e.JSON(map[string]string{"program": program, "version": version, "commit": commit, "go": goVersion})
	}
	_, err := fmt.Fprintf(e.Stdout, "%s %s %s\n", program, version, goVersion)
	return err
}
