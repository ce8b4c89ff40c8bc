package main

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// Exit codes, as all programs of this repository use them.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// unavailable is what the program says instead of serving.
const unavailable = "not available yet: the distributed FTP server comes with a later release; " +
	"\"make demo\" shows the read-only server that it grows from"

// cli is the command line.
type cli struct {
	Version kong.VersionFlag `help:"Print the version and exit."`
}

// run is the program without its process.
func run(args []string, stdout, stderr io.Writer) int {
	answered := false // by --help or --version
	parser, err := kong.New(&cli{},
		kong.Name("ftpd"),
		kong.Description("The distributed FTP server; not available yet."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { answered = true }),
		kong.Vars{"version": "ftpd " + version()},
	)
	if err != nil {
		fmt.Fprintf(stderr, "ftpd: %v\n", err)
		return exitFailed
	}
	_, err = parser.Parse(args)
	switch {
	case answered:
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "ftpd: %v\nTry \"ftpd --help\".\n", err)
		return exitUsage
	}
	fmt.Fprintln(stderr, "ftpd: "+unavailable)
	return exitFailed
}

// version is the module's version as the Go toolchain recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "(unknown)"
}
