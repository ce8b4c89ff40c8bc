package main

import (
	"cmp"
	"context"
	"errors"
	"net"

	"mirrortracker/internal/program"
	"mirrortracker/internal/squid"
	"mirrortracker/internal/ui"
)

// squidCommand has the helpers that Squid starts.
type squidCommand struct {
	Rewrite rewriteCommand `cmd:"" help:"Be Squid's url_rewrite_program: redirect clients to replicas."`
	StoreID storeIDCommand `cmd:"" name:"store-id" help:"Be Squid's store_id_program: cache equal files of all mirrors once."`
}

type rewriteCommand struct{ helper }

func (rewriteCommand) Help() string {
	return helperHelp + program.Examples("redirector squid rewrite --socket /run/tracker/squid.sock",
		"echo 'http://ftp.gnu.example/tar/a.gz' | redirector squid rewrite")
}

// Run answers until Squid closes standard input.
func (c *rewriteCommand) Run(a *program.App) error { return c.run(a, squid.Rewrite) }

type storeIDCommand struct{ helper }

func (storeIDCommand) Help() string {
	return helperHelp + program.Examples("redirector squid store-id --socket /run/tracker/squid.sock",
		"echo 'http://ftp.gnu.example/tar/a.gz' | redirector squid store-id")
}

// Run answers until Squid closes standard input.
func (c *storeIDCommand) Run(a *program.App) error { return c.run(a, squid.Store) }

const helperHelp = `Reads requests from standard input and answers them on standard output, as Squid's helpers do, with or without channels. What is answered is what the running redirector says on its socket; without it, or when it is late, every answer is ERR, which changes nothing. docs/squid.md has the configuration of Squid.

`

// A helper is what both have in common.
type helper struct {
	Socket string `help:"The redirector's socket. Default: redirector.squid.socket of the configuration, which is not read if this is given." placeholder:"PATH"`
}

func (h *helper) run(a *program.App, kind squid.Kind) error {
	socket, level, format := h.Socket, "info", "auto"
	if socket == "" {
		cfg, err := a.Load()
		if err != nil {
			return err
		}
		socket, level, format = cfg.Redirector.Squid.Socket, cfg.Log.Level, cfg.Log.Format
	}
	if socket == "" {
		return ui.Hint(errors.New("it is not known where the redirector is"),
			"redirector.squid.socket of the configuration names its socket, or --socket")
	}
	log, err := a.Logger(cmp.Or(a.Flags.LogLevel, level), cmp.Or(a.Flags.LogFormat, format))
	if err != nil {
		return err
	}
	// Each answer must reach Squid at once.
	answers := flushed{a.Env}
	return (&squid.Helper{
		Kind: kind,
		Dial: func(ctx context.Context) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "unix", socket)
		},
		Log: log.With("program", "redirector squid "+string(kind), "socket", socket),
	}).Run(a, a.Stdin, answers)
}

// flushed is standard output of which nothing stays behind.
type flushed struct{ env *ui.Env }

func (f flushed) Write(b []byte) (int, error) {
	n, err := f.env.Stdout.Write(b)
	if err != nil {
		return n, err
	}
	return n, f.env.Flush()
}
