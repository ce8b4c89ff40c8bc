package main

import (
	"errors"
	"log/slog"

	"mirrortracker/internal/program"
	"mirrortracker/internal/redirect"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/ui"
)

type explainCommand struct {
	URL    string `arg:"" name:"url" help:"A URL on a tracked site, NAME/PATH or HOST/PATH."`
	Scheme string `default:"http" enum:"http,https,ftp" help:"What the client speaks: http, https or ftp. Default: http." placeholder:"SCHEME"`
}

func (explainCommand) Help() string {
	return program.Examples("redirector explain ftp://ftp.gnu.example/gnu/emacs/", "redirector explain gnu/emacs/ --scheme https --json")
}

// Run explains one URL by the same code that redirects.
func (c *explainCommand) Run(a *program.App) error {
	s, err := a.Open()
	if err != nil {
		return err
	}
	defer s.Close()
	index := live(s, slog.New(slog.DiscardHandler))
	if err := index.Check(a); err != nil {
		return err
	}
	answer, err := redirect.New(redirect.Config{Source: index}).Explain(redirect.Question{Text: c.URL, Scheme: c.Scheme})
	switch {
	case errors.Is(err, resolver.ErrUnknownSite):
		return ui.Hint(err, "crawler site list")
	case err != nil:
		return err
	case a.Flags.JSON:
		return a.JSON(answer)
	}
	return show(a.Env, answer)
}
