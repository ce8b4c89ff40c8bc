package control

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// cut feeds input to a line cutter and returns the lines; an overlong one is "!".
func cut(t testing.TB, r io.Reader) []string {
	t.Helper()
	var l lines
	var out []string
	for {
		line, err := l.next()
		switch {
		case errors.Is(err, errOverlong):
			out = append(out, "!")
			continue
		case err != nil:
			t.Fatal(err)
		case line != nil:
			out = append(out, string(line))
			continue
		}
		if len(l.buf)-l.at > maxLine+len(l.raw) {
			t.Fatalf("%d bytes are held", len(l.buf))
		}
		if err := l.fill(r); err == io.EOF {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	tests := []struct {
		name, input string
		want        []string
	}{
		{"CRLF", "A b\r\nC\r\n", []string{"A b", "C"}},
		{"LF", "A\nB\n\n", []string{"A", "B", ""}},
		{"no end", "A\r\nB", []string{"A"}},
		{"CR inside", "A\rB\r\r\n", []string{"A\rB\r"}},
		{"longest", long + "\nA\n", []string{long, "A"}},
		{"overlong", long + "x\nA\n", []string{"!", "A"}},
		{"much too long", strings.Repeat(long, 5) + "\r\nA\r\n" + strings.Repeat(long, 3) + "\nB\n", []string{"!", "A", "!", "B"}},
		{"Synch", "\xff\xf4\xff\xf2ABOR\r\n", []string{"ABOR"}},
		{"Synch twice", "A\n\xff\xf4\xff\xf2\xff\xf4ABOR\r\n", []string{"A", "ABOR"}},
		{"options", "\xff\xfb\x01\xff\xfd\xffA\n", []string{"A"}},
		{"doubled", "CWD \xff\xff\xf4\n", []string{"CWD \xff\xf4"}},
		{"not doubled", "CWD a\xff\xfe\n", []string{"CWD a\xff\xfe"}},
		{"last byte", "CWD a\xff\r\nB\n", []string{"CWD a\xff", "B"}},
		{"no command", "\xffA\n", []string{"\xffA"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"whole":         strings.NewReader(tt.input),
				"byte for byte": iotest.OneByteReader(strings.NewReader(tt.input)),
			} {
				if diff := cmp.Diff(tt.want, cut(t, r)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", how, diff)
				}
			}
		})
	}
}

// However the input is divided into packets, the lines are the same, bounded, and
// without LF; and commands made of them hold no CR, LF or NUL.
func FuzzLines(f *testing.F) {
	f.Add([]byte("USER a\r\nPASS b\r\n"))
	f.Add([]byte("\xff\xf4\xff\xf2ABOR\r\n"))
	f.Add([]byte("CWD \xff\xff\xff\n\xff\xfd"))
	f.Add([]byte("LIST -la  x y \r\nSIZE a\x00b\r\n\r\r\n"))
	f.Fuzz(func(t *testing.T, input []byte) {
		whole := cut(t, bytes.NewReader(input))
		if diff := cmp.Diff(whole, cut(t, iotest.OneByteReader(bytes.NewReader(input)))); diff != "" {
			t.Errorf("byte for byte differs:\n%s", diff)
		}
		for _, line := range whole {
			if len(line) > maxLine || strings.Contains(line, "\n") {
				t.Errorf("line %q", line)
			}
			checkCommand(t, line)
		}
	})
}

func checkCommand(t *testing.T, line string) {
	verb, arg, err := parse([]byte(line))
	if len(verb) > maxVerb || strings.Trim(verb, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		t.Errorf("%q: verb %q", line, verb)
	}
	if verb != "" && err == nil && strings.ContainsAny(arg, "\r\n\x00") {
		t.Errorf("%q: argument %q", line, arg)
	}
	p, err := resolve("/some/where", arg)
	if err != nil {
		return
	}
	for _, name := range p.Names() {
		if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "\r\n\x00/") {
			t.Errorf("%q: path %q", line, p)
		}
	}
	parseLsOptions(arg)
}
