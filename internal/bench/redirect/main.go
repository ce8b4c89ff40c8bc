// Command redirect measures the redirector, as it was built and as a user would run it,
// against other servers on this machine that are asked the same by the same client. It
// ends with a line for each figure that is asked for:
//
//	ok|short NAME FIGURE (asked: BAR)
//	skip NAME (WHY)
//
// The redirector has a generated world (package world) of ten million directories on 200
// sites, which is kept in .cache for the next run, and changed only in a copy.
package main

import (
	"context"

	"mirrortracker/internal/ui"
)

const description = `Measures the redirector on a generated mirror world, against other servers.

Exit codes: 0 measured, whatever came of it; 1 failed, or an answer was wrong; 2 wrong usage.`

// A grammar is the command line. The hidden commands are programs that a run starts.
type grammar struct {
	Run   runCommand   `cmd:"" default:"withargs" help:"Measure all of it, or what --only names."`
	World worldCommand `cmd:"" help:"Write a world into a database."`
	Bare  bareCommand  `cmd:"" hidden:"" help:"Serve like a server that knows nothing."`
	Rank  rankCommand  `cmd:"" hidden:"" help:"Resolve and rank on one core."`
	Twin  twinCommand  `cmd:"" hidden:"" help:"Add mirrors that equal others."`
}

func main() {
	ui.Main(func(ctx context.Context, env *ui.Env, args []string) ui.Exit {
		return env.Run("bench-redirect", description, &grammar{}, args, &program{ctx, env})
	})
}

// A program is what a command runs in.
type program struct {
	context.Context
	*ui.Env
}
