package ui

import (
	"bufio"
	"errors"
	"fmt"
	"reflect"

	"github.com/alecthomas/kong"
)

// left is thrown by kong's --help and --version in place of leaving the process.
type left int

// Run parses a command line by kong's rules, runs the command that it names with
// the given values bound to its parameters, writes what went wrong, and returns
// the exit code. Standard output is buffered until the end of the command, or
// until [Env.Flush].
func (e *Env) Run(program, description string, grammar any, args []string, bind ...any) (code Exit) {
	sticky := &Sticky{To: e.Stdout}
	buffer := bufio.NewWriterSize(sticky, 64<<10)
	unbuffered := e.Stdout
	e.Stdout = buffer
	defer func() {
		e.Stdout = unbuffered
		thrown := recover()
		status, helped := thrown.(left)
		if thrown != nil && !helped {
			panic(thrown)
		}
		if helped {
			code = Exit(status)
		}
		buffer.Flush()
		if sticky.Err != nil && code != Wrong {
			code = e.Report(program, fmt.Errorf("write output: %w", sticky.Err))
		}
	}()
	parser, err := kong.New(grammar,
		kong.Name(program),
		kong.Description(description),
		kong.Writers(buffer, e.Stderr),
		kong.Exit(func(status int) { panic(left(status)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 96, NoExpandSubcommands: true}),
		kong.KindMapper(reflect.String, kong.MapperFunc(rawString)),
		kong.Bind(bind...),
	)
	if err != nil {
		panic("ui: internal error: " + err.Error())
	}
	command, err := parser.Parse(args)
	if err != nil {
		return e.Report(program, Hint(&exitError{Wrong, err}, tryHelp(program, err)))
	}
	err = command.Run()
	if sticky.Err != nil && errors.Is(err, sticky.Err) {
		return Failed // it is reported once, at the end
	}
	return e.Report(program, err)
}

// tryHelp names the command that shows how the misunderstood one is used.
func tryHelp(program string, err error) string {
	if wrong := (*kong.ParseError)(nil); errors.As(err, &wrong) && wrong.Context != nil {
		if node := wrong.Context.Selected(); node != nil {
			return fmt.Sprintf("%s %s --help", program, node.Path())
		}
	}
	return program + " --help"
}

// Flush hands on what was written to standard output so far.
func (e *Env) Flush() error {
	if b, ok := e.Stdout.(*bufio.Writer); ok {
		return b.Flush()
	}
	return nil
}

// rawString takes an argument as it is. Kong's own way leads through JSON, which
// replaces bytes that are not UTF-8.
func rawString(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue("string")
	if err != nil {
		return err
	}
	text, ok := token.Value.(string)
	if !ok {
		return fmt.Errorf("expected a string but got %v", token.Value)
	}
	target.SetString(text)
	return nil
}
