package matrix

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var write = flag.Bool("write", false, "write the tables into the documentation, if all cells passed")

// documentation has the tables between lines that say so.
const documentation = "../../../docs/ftpd-clients.md"

const (
	tablesBegin = "<!-- Written by `make matrix`. -->\n"
	tablesEnd   = "<!-- End of what is written. -->\n"
)

// The tables of the documentation are those of the cells declared. Versions stand there
// as they were found by `make matrix`, and are not compared with what is installed.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := strings.Cut(string(text), tablesBegin)
	got, _, ended := strings.Cut(rest, tablesEnd)
	if !begun || !ended {
		t.Fatal("the documentation has no place for the tables")
	}
	if want := tables(versionsIn(got)); got != want {
		t.Errorf("docs/ftpd-clients.md does not show what is declared; run make matrix\ngot:\n%s\nwant:\n%s", got, want)
	}
}

// writeDocumentation replaces the tables.
func writeDocumentation(t *testing.T) {
	versions := map[string]string{}
	for _, c := range clients {
		versions[c.name] = c.version(t)
	}
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begun := strings.Cut(string(text), tablesBegin)
	_, after, ended := strings.Cut(rest, tablesEnd)
	if !begun || !ended {
		t.Fatal("the documentation has no place for the tables")
	}
	if err := os.WriteFile(documentation, []byte(before+tablesBegin+tables(versions)+tablesEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// versionsIn reads the versions from the tables.
func versionsIn(text string) map[string]string {
	versions := map[string]string{}
	for line := range strings.Lines(text) {
		if cells := strings.Split(line, " | "); len(cells) == 3 {
			versions[strings.TrimPrefix(cells[0], "| ")] = cells[1]
		}
	}
	return versions
}

// tables writes all tables, and the notes on what is not in them.
func tables(versions map[string]string) string {
	n := &notes{numbers: map[string]int{}}
	var b strings.Builder
	b.WriteString("| client | version | cells |\n|---|---|--:|\n")
	total := 0
	for _, c := range clients {
		cells := len(c.cells())
		total += cells
		fmt.Fprintf(&b, "| %s | %s | %d |\n", c.name, cmp.Or(versions[c.name], "?"), cells)
	}
	fmt.Fprintf(&b, "\nTogether %d cells.\n", total)
	all := columns()
	n.table(&b, "How data connections are opened; IPv4 where nothing is said.", all[:len(ways)])
	for _, operation := range []string{"download", "upload"} {
		n.routes(&b, operation, "where slaves have the files", (*client).relays)
	}
	n.routes(&b, "download", "where a foreign server has the files and lets others than its client have them", (*client).relaysMirror)
	n.table(&b, "How they are protected.", all[len(ways):len(ways)+len(protections)])
	n.table(&b, "What is done.", all[len(ways)+len(protections):])
	b.WriteString("\n")
	for i, why := range n.texts {
		fmt.Fprintf(&b, "%d. %s\n", i+1, why)
	}
	return b.String()
}

// notes number reasons in the order in which they come up.
type notes struct {
	numbers map[string]int
	texts   []string
}

func (n *notes) number(why string) int {
	if n.numbers[why] == 0 {
		n.texts = append(n.texts, why)
		n.numbers[why] = len(n.texts)
	}
	return n.numbers[why]
}

// table writes which of the columns each client has.
func (n *notes) table(b *strings.Builder, title string, columns []string) {
	fmt.Fprintf(b, "\n%s\n\n| client | %s |\n|---|%s\n", title, strings.Join(columns, " | "), strings.Repeat(":-:|", len(columns)))
	for _, c := range clients {
		fmt.Fprintf(b, "| %s |", c.name)
		for _, column := range columns {
			fmt.Fprintf(b, " %s |", n.mark(c, column))
		}
		b.WriteString("\n")
	}
}

// routes writes which way the files of an operation go where others have them.
func (n *notes) routes(b *strings.Builder, operation, where string, relays func(c *client, way, operation string) string) {
	fmt.Fprintf(b, "\nWhich way the file of a plain %s goes %s.\n\n| client |", operation, where)
	for _, w := range ways {
		fmt.Fprintf(b, " %s |", w)
	}
	fmt.Fprintf(b, "\n|---|%s\n", strings.Repeat(":-:|", len(ways)))
	for _, c := range clients {
		if !c.can(operation) {
			continue
		}
		fmt.Fprintf(b, "| %s |", c.name)
		for _, w := range ways {
			switch why := relays(c, w.String(), operation); {
			case !c.can(w.String()):
				b.WriteString(" - |")
			case why != "":
				fmt.Fprintf(b, " relayed (%d) |", n.number(why))
			default:
				b.WriteString(" direct |")
			}
		}
		b.WriteString("\n")
	}
}

// mark is what stands in a field: a tick, or the note that says why not.
func (n *notes) mark(c *client, column string) string {
	if why := c.lacks[column]; why != "" {
		return fmt.Sprintf("- (%d)", n.number(why))
	}
	for pair, why := range c.apart {
		if pair[0] == column || pair[1] == column {
			return fmt.Sprintf("✓ (%d)", n.number(why))
		}
	}
	return "✓"
}
