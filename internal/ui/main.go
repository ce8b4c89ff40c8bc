package ui

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// Main is the main function of a program: it runs it in the world of this
// process, which then ends with its exit code. The first SIGINT or SIGTERM
// cancels the context, a second one ends the process at once. SIGHUP, which tells
// that the terminal is closed, cancels it too, however often it comes, for shells send
// it more than once; where it is ignored (nohup) it stays so. A program to which it
// means something else takes it with [Env.Hangups].
func Main(run func(ctx context.Context, env *Env, args []string) Exit) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	env := OSEnv()
	if !signal.Ignored(syscall.SIGHUP) {
		ctx = env.untilHangup(ctx)
	}
	context.AfterFunc(ctx, stop)
	os.Exit(int(run(ctx, env, os.Args[1:])))
}

// untilHangup returns a context that SIGHUP cancels, until that is taken.
func (e *Env) untilHangup(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	e.hangups = make(chan os.Signal, 1)
	signal.Notify(e.hangups, syscall.SIGHUP)
	go func() {
		<-e.hangups
		cancel(errors.New("the terminal is closed"))
	}()
	return ctx
}

// Hangups returns a channel of the SIGHUPs that come from now on, which no longer end
// the program: a service is told by them to read its configuration again.
func (e *Env) Hangups() <-chan os.Signal {
	taken := make(chan os.Signal, 1)
	signal.Notify(taken, syscall.SIGHUP)
	if e.hangups != nil {
		signal.Stop(e.hangups)
	}
	return taken
}
