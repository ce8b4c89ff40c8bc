// Redirector sends those who ask for a file or directory of a tracked site to a
// complete replica of it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"mirrortracker/internal/ui"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the program at once
	os.Exit(int(Main(ctx, ui.OSEnv(), os.Args[1:])))
}
