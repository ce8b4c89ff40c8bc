// Crawler keeps the tracker's picture of the world up to date: it knows the
// sites, crawls them into the database, and shows what was found.
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
