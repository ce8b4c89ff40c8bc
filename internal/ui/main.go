package ui

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Main is the main function of a program: it runs it in the world of this
// process, which then ends with its exit code. The first SIGINT or SIGTERM
// cancels the context, a second one ends the process at once.
func Main(run func(ctx context.Context, env *Env, args []string) Exit) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(int(run(ctx, OSEnv(), os.Args[1:])))
}
