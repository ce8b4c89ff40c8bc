package main

import (
	"errors"
	"log/slog"

	"mirrortracker/internal/redirect"
	"mirrortracker/internal/resolver"
	"mirrortracker/internal/ui"
)

type explainCommand struct {
	URL    string `arg:"" name:"url" help:"A URL on a tracked site, NAME/PATH or HOST/PATH."`
	Scheme string `default:"http" enum:"http,https,ftp" help:"What the client speaks: http, https or ftp. Default: http." placeholder:"SCHEME"`
}

func (explainCommand) Help() string {
	return `Examples:

  redirector explain ftp://ftp.gnu.example/gnu/emacs/
  redirector explain gnu/emacs/ --scheme https --json`
}

// Run explains one URL by the same code that redirects.
func (c *explainCommand) Run(a *app) error {
	s, err := a.open()
	if err != nil {
		return err
	}
	defer s.close()
	live := s.live(slog.New(slog.DiscardHandler))
	if err := live.Check(a); err != nil {
		return err
	}
	answer, err := redirect.New(redirect.Config{Source: live}).Explain(redirect.Question{Text: c.URL, Scheme: c.Scheme})
	switch {
	case errors.Is(err, resolver.ErrUnknownSite):
		return ui.Hint(err, "crawler site list")
	case err != nil:
		return err
	case a.flags.JSON:
		return a.JSON(answer)
	}
	return a.show(answer)
}
