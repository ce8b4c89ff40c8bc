package main

import (
	"errors"
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
var unavailable = errors.New("not available yet: the distributed FTP server comes with a later release; " +
	"\"make demo\" shows the read-only server that it grows from")

// cli is the command line.
type cli struct {
	Version kong.VersionFlag `help:"Print the version and exit."`
}

// exited carries an exit code out of kong, which otherwise ends the process itself.
type exited int

// run is the program without its process.
func run(args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		// kong's --help and --version end parsing by the Exit function, which must not
		// return.
		switch r := recover().(type) {
		case nil:
		case exited:
			code = int(r)
		default:
			panic(r)
		}
	}()
	parser, err := kong.New(&cli{},
		kong.Name("ftpd"),
		kong.Description("The distributed FTP server; not available yet."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exited(code)) }),
		kong.Vars{"version": "ftpd " + version()},
	)
	if err != nil {
		fmt.Fprintf(stderr, "ftpd: %v\n", err)
		return exitFailed
	}
	if _, err := parser.Parse(args); err != nil {
		fmt.Fprintf(stderr, "ftpd: %v\nTry \"ftpd --help\".\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "ftpd: %v\n", unavailable)
	return exitFailed
}

// version is the module's version as the Go toolchain recorded it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "(unknown)"
}
