package admin

import (
	"bytes"
	"strings"

	"github.com/kballard/go-shellquote"

	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/ui"
)

// A Console answers commands for a shell that come as SITE: what they would write there is the
// answer. Nobody can be asked for anything.
type Console struct {
	About    string                       // what the commands are for
	Words    func(args []string) []string // makes a command line of what follows SITE
	Advice   *strings.Replacer            // makes advice for a shell such for a control connection
	Terminal bool                         // tables are those for people
}

// Run answers a line, split as a shell does it, by a command of a grammar. Its method Run gets
// what bind returns.
func (c *Console) Run(line string, grammar any, bind func(*ui.Env) []any) (control.Outcome, []string) {
	args, err := shellquote.Split(line)
	if err != nil {
		return control.Misused, []string{"Quotes do not end: " + err.Error()}
	}
	var stdout, stderr bytes.Buffer
	env := &ui.Env{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, OutTerm: c.Terminal,
		Getenv: func(string) string { return "" },
	}
	code := env.Run("SITE", c.About, grammar, c.Words(args), bind(env)...)
	text := strings.TrimSuffix(stdout.String()+strings.TrimPrefix(stderr.String(), "SITE: "), "\n")
	lines := strings.Split(c.Advice.Replace(text), "\n")
	switch code {
	case 0:
		return control.Done, lines
	case ui.Wrong:
		return control.Misused, lines
	}
	return control.Failed, lines
}
