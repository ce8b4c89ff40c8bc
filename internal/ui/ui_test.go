package ui

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// desk is an Env whose streams are buffers.
func desk() (env *Env, out, err *bytes.Buffer) {
	out, err = &bytes.Buffer{}, &bytes.Buffer{}
	return &Env{Stdout: out, Stderr: err, Getenv: func(string) string { return "" }}, out, err
}

func TestPrintable(t *testing.T) {
	if got, want := Printable("a\x1b[31m\xe9\né b"), "a\uFFFD[31m\uFFFD\uFFFDé b"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

var (
	headings = []string{"site", "files", "bytes", "time"}
	rows     = [][]any{
		{"日本", "-", Volume(0), Time(0)},
		{"a\tb", Number(1234567), Volume(1536), Time(90 * time.Second)},
	}
)

func TestTableForPrograms(t *testing.T) {
	env, out, _ := desk()
	if err := env.Table(headings, rows); err != nil {
		t.Fatal(err)
	}
	want := "SITE\tFILES\tBYTES\tTIME\n日本\t-\t0\t0.0\na b\t1234567\t1536\t90.0\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestTableOnATerminal(t *testing.T) {
	env, out, _ := desk()
	env.OutTerm = true
	if err := env.Table(headings, rows); err != nil {
		t.Fatal(err)
	}
	want := `
SITE      FILES     BYTES   TIME
日本          -       0 B   0.0s
a�b   1,234,567  1.50 KiB  1m30s
`
	if diff := cmp.Diff(want[1:], out.String()); diff != "" {
		t.Error(diff)
	}
}

// A terminal shows what there is room for, in one line; programs get all.
func TestRestOfALine(t *testing.T) {
	headings, rows := []string{"site", "n", "message"}, [][]any{
		{"gnu", Number(1), Rest("a message of several\nlines that is far too long")},
		{"日本", Number(2), Rest("short")},
		{"b", Number(3), ""},
	}
	for name, c := range map[string]struct {
		width int
		want  string
	}{
		"terminal": {40, "SITE  N  MESSAGE\ngnu   1  a message of several�lines tha…\n日本  2  short\nb     3\n"},
		"narrow":   {12, "SITE  N  MESSAGE\ngnu   1  a message of severa…\n日本  2  short\nb     3\n"},
		"pipe":     {0, "SITE\tN\tMESSAGE\ngnu\t1\ta message of several lines that is far too long\n日本\t2\tshort\nb\t3\t\n"},
	} {
		env, out, _ := desk()
		env.OutWidth, env.OutTerm = c.width, c.width > 0
		if err := env.Table(headings, rows); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, out.String()); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

func TestReport(t *testing.T) {
	plain := errors.New("no such thing")
	for name, c := range map[string]struct {
		err  error
		code Exit
		said string
	}{
		"nothing":        {nil, Done, ""},
		"error":          {plain, Failed, "p: no such thing\n"},
		"hint":           {Hint(plain, "make one"), Failed, "p: no such thing\nhint: make one\n"},
		"wrapped hint":   {fmt.Errorf("do: %w", Hint(plain, "make one", "or two")), Failed, "p: do: no such thing\nhint: make one\nhint: or two\n"},
		"hint on a hint": {Hint(Hint(plain, "inner"), "outer"), Failed, "p: no such thing\nhint: outer\nhint: inner\n"},
		"misuse":         {Misuse("%w of %d", plain, 2), Wrong, "p: no such thing of 2\n"},
		"hinted misuse":  {Hint(Misuse("what?"), "this"), Wrong, "p: what?\nhint: this\n"},
		"incomplete":     {ErrIncomplete, Incomplete, ""},
		"told before":    {ErrFailed, Failed, ""},
	} {
		env, _, said := desk()
		if code := env.Report("p", c.err); code != c.code || said.String() != c.said {
			t.Errorf("%s: code %d, %q; want %d, %q", name, code, said, c.code, c.said)
		}
	}
}

func runEcho(env *Env, args ...string) Exit {
	var g struct {
		Echo echoCommand `cmd:"" help:"Print the arguments."`
	}
	return env.Run("p", "Prints.", &g, args, env)
}

type echoCommand struct {
	Text []string `arg:"" optional:"" sep:"none" help:"What to print."`
	Fail bool     `help:"Fail after that."`
}

func (c *echoCommand) Run(e *Env) error {
	_, err := fmt.Fprintln(e.Stdout, strings.Join(c.Text, "|"))
	if c.Fail {
		return errors.New("asked to")
	}
	return err
}

func TestRun(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		code Exit
		out  string // begins with
		said string // begins with
	}{
		"raw bytes": {[]string{"echo", "caf\xe9", "a,b", "", "x\\,y"}, Done, "caf\xe9|a,b||x\\,y\n", ""},
		"failure":   {[]string{"echo", "a", "--fail"}, Failed, "a\n", "p: asked to\n"},
		"help":      {[]string{"--help"}, Done, "Usage: p <command>", ""},
		"its help":  {[]string{"echo", "--help"}, Done, "Usage: p echo", ""},
		"misuse":    {[]string{"echo", "--no-such"}, Wrong, "", "p: unknown flag --no-such\nhint: p echo --help\n"},
		"nothing":   {nil, Wrong, "", "p: expected \"echo\"\nhint: p --help\n"},
	} {
		env, out, said := desk()
		before := env.Stdout
		code := runEcho(env, c.args...)
		if code != c.code || !strings.HasPrefix(out.String(), c.out) || !strings.HasPrefix(said.String(), c.said) ||
			c.out == "" && out.Len() > 0 || c.said == "" && said.Len() > 0 {
			t.Errorf("%s: code %d, %q, %q", name, code, out, said)
		}
		if env.Stdout != before {
			t.Errorf("%s: standard output is another now", name)
		}
	}
}

func TestRunWithoutRoomForOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	env, _, said := desk()
	env.Stdout = full
	for _, args := range [][]string{{"echo", "a"}, {"echo", strings.Repeat("a", 1<<20)}, {"--help"}} {
		said.Reset()
		if code := runEcho(env, args...); code != Failed || strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), "no space left") {
			t.Errorf("%.20s: code %d, %q", args, code, said)
		}
	}
}

func TestLogger(t *testing.T) {
	for _, c := range []struct {
		format   string
		terminal bool
		env      string // a variable that is set
		want     string // contained
	}{
		{"auto", false, "", "level=WARN msg=careful n=1"},
		{"text", true, "", "level=WARN msg=careful n=1"},
		{"json", true, "", `"msg":"careful","n":1}`},
		{"auto", true, "", "\x1b["},
		{"auto", true, "NO_COLOR", "WRN careful n=1"},
	} {
		env, _, said := desk()
		env.ErrTerm = c.terminal
		env.Getenv = func(name string) string {
			if name == c.env && name != "" {
				return "1"
			}
			return ""
		}
		log, err := env.Logger("warn", c.format)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("unheard")
		log.Warn("careful", "n", 1)
		if text := said.String(); !strings.Contains(text, c.want) || strings.Contains(text, "unheard") ||
			strings.Contains(text, "\x1b") != (c.want == "\x1b[") {
			t.Errorf("%+v: %q", c, text)
		}
	}
	env, _, _ := desk()
	for _, wrong := range [][2]string{{"loud", "auto"}, {"info", "xml"}} {
		if _, err := env.Logger(wrong[0], wrong[1]); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}

func TestList(t *testing.T) {
	for want, values := range map[string][]any{
		"[]\n":                  nil,
		"[\n{\"a\":\"<\"}\n]\n": {map[string]string{"a": "<"}},
		"[\n1,\n2\n]\n":         {1, 2},
	} {
		env, out, _ := desk()
		list := env.List()
		for _, v := range values {
			if err := list.Add(v); err != nil {
				t.Fatal(err)
			}
		}
		if err := list.End(); err != nil || out.String() != want {
			t.Errorf("%q, %v; want %q", out, err, want)
		}
	}
}

// Where nothing is drawn, how far it is becomes a log line at every interval.
func TestProgressElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		env, _, said := desk()
		log, _ := env.Logger("info", "text")
		p := env.Progress(log, 10*time.Second)
		line := p.Line(context.Background(), "gnu")
		line.Watch(func() Far { return Far{Dirs: 300, Files: 7, Current: "/a b"} })
		time.Sleep(25 * time.Second)
		synctest.Wait()
		line.End("crawled", "complete")
		p.End()
		lines := strings.Split(strings.TrimSpace(said.String()), "\n")
		if len(lines) != 3 || !strings.Contains(lines[0], `msg=crawling site=gnu directories=300 files=7 per_second=30 path="/a b"`) ||
			!strings.Contains(lines[2], `msg=crawled site=gnu directories=300 files=7 per_second=12 outcome=complete`) {
			t.Errorf("%q", lines)
		}
	})
}

// What is logged while something is drawn does not run through the drawing, and
// after it goes where it went before.
func TestProgressOnATerminal(t *testing.T) {
	env, _, said := desk()
	env.ErrTerm = true
	log, _ := env.Logger("info", "text")
	p := env.Progress(log, time.Hour)
	line := p.Line(t.Context(), "gnu")
	line.Watch(func() Far { return Far{Dirs: 1234, Current: "/\x1b]0;evil"} })
	log.Info("meanwhile")
	drawn := line.String()
	line.End("crawled", "complete")
	p.End()
	log.Info("after")
	if !strings.Contains(drawn, "1,234 dirs") || strings.Contains(drawn, "\x1b") {
		t.Errorf("drawn: %q", drawn)
	}
	if text := said.String(); !strings.HasSuffix(text, "msg=after\n") || strings.Count(text, "msg=after") != 1 {
		t.Errorf("%q", text)
	}
}
