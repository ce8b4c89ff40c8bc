// Command demo shows the mirror tracker at work on this machine alone: it
// serves five small FTP sites from temporary folders on loopback, lets crawler
// and redirector (which must lie beside it) do their work on them, and shows
// what they say. Everything is removed at the end.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

func main() {
	var options struct {
		Once bool `help:"Check the answers and end; the exit status is 1 if one is wrong."`
	}
	kong.Parse(&options, kong.Description("Crawl five small FTP sites and redirect to their replicas, all on this machine."))
	// A terminal that is closed and a reader that goes away end the demo too; what it
	// started and wrote is to go with it.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	if err := run(ctx, os.Stdout, options.Once); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}
