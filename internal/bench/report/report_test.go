package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPrint(t *testing.T) {
	var out strings.Builder
	err := Print(&out, []Fact{{"machine", "two cores"}}, func(out *strings.Builder) {
		fmt.Fprintf(out, "\n%-6s %-6s\n", "server", "")
	}, []Verdict{
		Judge(true, "speed", "2.00", "at least 1"),
		Judge(false, "memory", "3 MiB", "less than 2 MiB"),
		Skip("patience", "not measured"),
	})
	const want = `machine      two cores

server

ok speed 2.00 (asked: at least 1)
short memory 3 MiB (asked: less than 2 MiB)
skip patience (not measured)
`
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestSave(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.json")
	if err := Save(file, Skip("patience", "not measured")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	const want = "{\n  \"word\": \"skip\",\n  \"name\": \"patience\",\n  \"why\": \"not measured\"\n}\n"
	if err != nil || string(text) != want {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestSignificant(t *testing.T) {
	for x, want := range map[float64]string{0.1234: "0.12", 9.994: "9.99", 9.996: "10.0", 99.94: "99.9", 99.96: "100", 12345.6: "12,346"} {
		if got := Significant(x); got != want {
			t.Errorf("%v: %s instead of %s", x, got, want)
		}
	}
}

func TestMebibytes(t *testing.T) {
	for n, want := range map[int64]string{0: "", 1: "0", 3<<20 - 1: "2"} {
		if got := Mebibytes(n); got != want {
			t.Errorf("%d: %q instead of %q", n, got, want)
		}
	}
}

// The median is that of the runs in the order of what is looked at.
func TestMedian(t *testing.T) {
	median, low, high := Median([]string{"ccc", "a", "bb"}, func(s string) float64 { return float64(len(s)) })
	if median != 2 || low != 1 || high != 3 {
		t.Errorf("%v %s", median, Span(low, high))
	}
}

// Programs answer where they like, and some with a greeting before the version.
func TestVersion(t *testing.T) {
	for _, test := range []struct{ name, script, want string }{
		{"output", "echo program 1.2; echo more 3", "program 1.2"},
		{"errors", "echo program 1.2 >&2", "program 1.2"},
		{"input", "echo program 1.2 >&0", "program 1.2"},
		{"greeting", "echo; echo Welcome; echo ' version 3 '", "version 3"},
		{"no number", "echo development; echo build", "development"},
		{"failure", "exit 3", "exit status 3"},
	} {
		if got := Version("sh", "-c", test.script); got != test.want {
			t.Errorf("%s: %q instead of %q", test.name, got, test.want)
		}
	}
}
