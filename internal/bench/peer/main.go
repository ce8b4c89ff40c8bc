// Command peer measures packs as trackers exchange them: how large they are, beside the
// listing of the same archive, and how fast the crawler, as it was built, takes them over.
// It ends with a line for each figure that is asked for:
//
//	ok|short NAME FIGURE (asked: BAR)
//	skip NAME (WHY)
package main

import (
	"context"

	"mirrortracker/internal/ui"
)

const description = `Measures packs on a generated archive: their size, and how fast they are imported.

Exit codes: 0 measured, whatever came of it; 1 failed; 2 wrong usage.`

// A grammar is the command line.
type grammar struct {
	Run runCommand `cmd:"" default:"withargs" help:"Measure all of it, or what --only names."`
}

func main() {
	ui.Main(func(ctx context.Context, env *ui.Env, args []string) ui.Exit {
		return env.Run("bench-peer", description, &grammar{}, args, &program{ctx, env})
	})
}

// A program is what a command runs in.
type program struct {
	context.Context
	*ui.Env
}
