// Command crawl measures crawls: the crawler, as it was built and as a user would run
// it, against real servers on this machine, from beside them and from afar, and in the
// same run what other clients reach. It ends with a line for each figure that is asked
// for:
//
//	ok|short NAME FIGURE (asked: BAR)
//	skip NAME (WHY)
//
// Everything happens in two network namespaces of its own (package link), so that two
// runs on one machine do not meet, and in a folder below TMPDIR, or /var/tmp. Nothing is
// left of either afterwards. It needs root; scripts/test-deps.sh installs the servers
// and lftp; rclone is measured where RCLONE or --rclone names it.
//
// A crawl whose digests are not those of the folder that was served is an error and
// not a figure. Rates are directories per second over the whole time of a process,
// from its start to its end: ours thus include login, probing, digesting and storing.
package main

import (
	"context"
	"os"

	"golang.org/x/sys/unix"

	"mirrortracker/internal/ui"
)

const description = `Measures crawls of generated trees, near and far, against other clients.

Exit codes: 0 measured, whatever came of it; 1 failed, or a crawl was wrong; 2 wrong usage.`

// A grammar is the command line. The hidden commands are programs that a run starts in
// its networks.
type grammar struct {
	Run      runCommand      `cmd:"" default:"withargs" help:"Measure all of it, or what --only names."`
	Walk     walkCommand     `cmd:"" hidden:"" help:"Walk a site with jlaffaye/ftp."`
	ListOnly listOnlyCommand `cmd:"" hidden:"" help:"Serve a folder with LIST and nothing better."`
}

func main() {
	unix.Umask(0o022) // servers read what is written here as nobody
	if os.Getenv("TMPDIR") == "" {
		os.Setenv("TMPDIR", "/var/tmp") // /tmp may be in memory
	}
	ui.Main(func(ctx context.Context, env *ui.Env, args []string) ui.Exit {
		return env.Run("bench-crawl", description, &grammar{}, args, &program{ctx, env})
	})
}

// A program is what a command runs in.
type program struct {
	context.Context
	*ui.Env
}
