package ui

import (
	"context"
	"errors"
	"fmt"
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
	ctx, stop := untilSignal(context.Background(), os.Interrupt, syscall.SIGTERM)
	env := OSEnv()
	if !signal.Ignored(syscall.SIGHUP) {
		ctx = env.untilHangup(ctx)
	}
	context.AfterFunc(ctx, stop)
	os.Exit(int(run(ctx, env, os.Args[1:])))
}

// untilSignal returns a context that the first of these signals cancels. Whoever sees
// that it is cancelled by one can be sure that the next one ends the process, as it does
// after stop.
func untilSignal(ctx context.Context, signals ...os.Signal) (until context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	came := make(chan os.Signal, 1)
	signal.Notify(came, signals...)
	go func() {
		first := <-came
		signal.Stop(came)
		cancel(fmt.Errorf("%s signal received", first))
	}()
	return ctx, func() { signal.Stop(came) }
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
