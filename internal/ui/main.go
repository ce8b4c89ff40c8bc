package ui

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Main is the main function of a program: it runs it in the world of this
// process, which then ends with its exit code. The first SIGINT or SIGTERM
// cancels the context, a second one ends the process at once. SIGHUP, which tells
// that the terminal is closed, cancels it too, however often it comes, for shells send
// it more than once; where it is ignored (nohup) it stays so.
func Main(run func(ctx context.Context, env *Env, args []string) Exit) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		ctx, _ = signal.NotifyContext(ctx, syscall.SIGHUP) // to the end
	}
	context.AfterFunc(ctx, stop)
	os.Exit(int(run(ctx, OSEnv(), os.Args[1:])))
}
