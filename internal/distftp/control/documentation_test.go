package control

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The documentation has every command, with where it is defined, and no other.
func TestDocumentedCommands(t *testing.T) {
	text, err := os.ReadFile("../../../docs/ftpd.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, ok := strings.Cut(string(text), "\n## Commands\n")
	if !ok {
		t.Fatal("no section on commands")
	}
	part, _, _ = strings.Cut(part, "\n## ")
	word := regexp.MustCompile(`\b[A-Z][A-Z0-9]{2,}\b`)
	commands, sites := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(part) {
		cells := strings.Split(line, "|")
		switch {
		case len(cells) == 5:
			for _, verb := range word.FindAllString(cells[1], -1) {
				commands[verb] = strings.TrimSpace(cells[2])
			}
			if _, also, ok := strings.Cut(cells[3], "also as "); ok {
				for _, verb := range word.FindAllString(also, -1) {
					commands[verb] = strings.TrimSpace(cells[2])
				}
			}
		case len(cells) == 4:
			for _, verb := range word.FindAllString(strings.ReplaceAll(cells[1], "SITE", ""), -1) {
				sites[verb] = true
			}
		}
	}
	for verb, cmd := range commandTable() {
		refused := slices.Contains(strings.Fields(unimplemented), verb)
		defined, there := commands[verb]
		switch {
		case refused:
			if there || !regexp.MustCompile(`(?s)answered with 502: .*\b`+verb+`\b`).MatchString(part) {
				t.Errorf("%s: not among those answered with 502", verb)
			}
		case !there:
			t.Errorf("%s: not there", verb)
		case defined != cmd.defined:
			t.Errorf("%s: defined in %q, the table has %q", verb, defined, cmd.defined)
		}
		delete(commands, verb)
	}
	for verb := range commands {
		t.Errorf("%s: there is no such command", verb)
	}
	for verb := range siteTable() {
		if !sites[verb] {
			t.Errorf("SITE %s: not there", verb)
		}
		delete(sites, verb)
	}
	for verb := range sites {
		t.Errorf("SITE %s: there is no such command", verb)
	}
}
