package testbed

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A fact is what the servers answer to one request, in the order of FTPServers: the code
// of the last reply and the number of lines, of the data connection or between the first
// and the last line of the reply.
type fact struct {
	cwd, command string
	want         [5]string // "" where it cannot be asked, as CWD is refused
}

// facts are those that a crawler has to know; README.md draws the conclusions. An
// update of a server that changes one shows here first.
var facts = []fact{
	{"/", "LIST -a", [5]string{"226 8", "226 8", "226 8", "226 6", "226 8"}},
	{"/", "MLSD", [5]string{"500", "226 8", "226 8", "226 6", "226 8"}},
	{"/", "STAT .", [5]string{"213 8", "212 8", "213 6", "213 6", "213 8"}},
	{"/pub/empty", "LIST -a", [5]string{"226 2", "226 2", "226 2", "226 0", "226 2"}},
	{"/pub/empty", "LIST", [5]string{"226 0", "226 0", "226 0", "226 0", "226 0"}},
	{"/pub/empty", "MLSD", [5]string{"500", "226 2", "226 2", "226 0", "226 2"}},
	{"/pub/empty", "STAT .", [5]string{"213 2", "212 2", "213 0", "213 0", "213 2"}},
	{"/pub/empty", "STAT -a .", [5]string{"213 2", "212 2", "213 2", "550", "213 2"}},
	{"/", "LIST -a /pub/empty", [5]string{"226 2", "226 2", "226 2", "550", "226 2"}},
	{"/", "LIST -a /pub/with blank/below", [5]string{"226 3", "226 3", "226 0", "550", "226 3"}},
	{"/", "STAT /pub/with blank/below", [5]string{"213 3", "212 3", "213 0", "213 1", "213 3"}},
	{"/", "MLSD /pub/with blank/below", [5]string{"500", "226 3", "226 3", "226 1", "226 3"}},

	{"/", "CWD /pub/locked/none", [5]string{"550", "550", "550", "550", "550"}},
	{"/", "LIST -a /pub/locked/none", [5]string{"226 1", "226 0", "226 0", "550", "550"}},
	{"/", "LIST /pub/locked/none", [5]string{"226 1", "226 0", "226 0", "550", "550"}},
	{"/", "MLSD /pub/locked/none", [5]string{"500", "550", "550", "550", "550"}},
	{"/", "STAT /pub/locked/none", [5]string{"213 1", "212 0", "213 0", "550", "550"}},

	{"/", "CWD /pub/locked/enter-only", [5]string{"250", "250", "250", "250", "550"}},
	{"/pub/locked/enter-only", "LIST -a", [5]string{"226 0", "226 0", "226 0", "550", ""}},
	{"/pub/locked/enter-only", "MLSD", [5]string{"500", "550", "550", "550", ""}},
	{"/pub/locked/enter-only", "STAT .", [5]string{"213 0", "212 0", "213 1", "550", ""}},
	{"/", "LIST -a /pub/locked/enter-only", [5]string{"226 1", "226 0", "226 0", "550", "550"}},
	{"/", "MLSD /pub/locked/enter-only", [5]string{"500", "550", "550", "550", "550"}},
	{"/", "STAT /pub/locked/enter-only", [5]string{"213 1", "212 0", "213 1", "550", "550"}},

	{"/", "CWD /pub/locked/list-only", [5]string{"550", "550", "550", "550", "550"}},
	{"/", "LIST -a /pub/locked/list-only", [5]string{"226 0", "226 0", "226 0", "550", "550"}},
	{"/", "LIST /pub/locked/list-only", [5]string{"226 0", "226 0", "226 0", "226 0", "550"}},
	{"/", "MLSD /pub/locked/list-only", [5]string{"500", "226 2", "550", "226 0", "550"}},
	{"/", "STAT /pub/locked/list-only", [5]string{"213 0", "212 0", "213 0", "213 0", "550"}},

	{"/", "CWD /pub/missing", [5]string{"550", "550", "550", "550", "550"}},
	{"/", "LIST -a /pub/missing", [5]string{"226 0", "450", "226 0", "550", "550"}},
	{"/", "LIST /pub/missing", [5]string{"226 0", "450", "226 0", "550", "550"}},
	{"/", "MLSD /pub/missing", [5]string{"500", "550", "550", "501", "550"}},
	{"/", "STAT /pub/missing", [5]string{"213 0", "450", "213 0", "550", "550"}},

	{"/control", "LIST -a", [5]string{"226 5", "226 5", "226 2", "226 3", "226 5"}},
	{"/control", "MLSD", [5]string{"500", "226 5", "226 2", "226 3", "226 5"}},
	{"/folders", "CWD back\\slash", [5]string{"250", "250", "553", "250", "250"}},
	{"/folders", "CWD caf\xe9", [5]string{"250", "250", "250", "250", "250"}},
}

func TestFacts(t *testing.T) {
	root := Dir(t)
	WriteTree(t, root, Odd|Control|Locked, time.Now())
	for i, kind := range FTPServers() {
		t.Run(kind, func(t *testing.T) {
			c := dial(t, StartFTP(t, kind, FTPConfig{Root: root}))
			for _, f := range facts {
				if f.want[i] == "" {
					continue
				}
				if got := c.observe(f); got != f.want[i] {
					t.Errorf("in %s, %q: got %q, want %q", f.cwd, f.command, got, f.want[i])
				}
			}
		})
	}
}

// Names are raw bytes on every server, in listings and after CWD; names with control
// characters are not shown by pure-ftpd, whose only trace of a folder is a link of ".".
func TestFactsNames(t *testing.T) {
	root := Dir(t)
	WriteTree(t, root, Odd|Control, time.Now())
	for _, kind := range FTPServers() {
		t.Run(kind, func(t *testing.T) {
			c := dial(t, StartFTP(t, kind, FTPConfig{Root: root}))
			for _, command := range []string{"LIST -a", "MLSD"} {
				if command == "MLSD" && kind == "vsftpd" {
					continue
				}
				c.do("CWD /names")
				data, _ := c.list(command)
				for _, name := range slices.Concat(oddNames, oddFiles) {
					if !strings.Contains(data, " "+name+"\r\n") {
						t.Errorf("%s lacks %q", command, name)
					}
				}
			}
			for _, name := range oddNames {
				want := "250"
				if kind == "pure-ftpd" && strings.Contains(name, `\`) {
					want = "553"
				}
				c.do("CWD /folders")
				for _, path := range []string{name, "/folders/" + name} {
					if r := c.do("CWD " + path); r[:3] != want {
						t.Errorf("CWD %q: %q, want %s", path, r, want)
					}
				}
			}
			c.do("CWD /control-folders")
			data, _ := c.list("LIST -a")
			shown := strings.Contains(data, " tab\there\r\n")
			if want := kind != "pure-ftpd"; shown != want {
				t.Errorf("shows a name with a tab: %v, want %v: %q", shown, want, data)
			}
			if kind == "pure-ftpd" {
				t.Logf("%q", data)
			}
		})
	}
}

// A cut listing: pure-ftpd says so in the last line of LIST and MLSD, and not at all
// for STAT; proftpd cuts LIST and STAT without a word, and MLSD not at all.
func TestFactsTruncated(t *testing.T) {
	root := Dir(t)
	w := treeWriter{root: root, time: time.Now()}
	for i := range 12 {
		w.file(fmt.Sprintf("many/%d", i), 1)
	}
	if w.err != nil {
		t.Fatal(w.err)
	}
	for kind, want := range map[string]map[string]string{
		"proftpd": {
			"LIST -a": "5: 226 Transfer complete", "MLSD": "14: 226 Transfer complete", "STAT .": "5: 212 End of status",
		},
		"pure-ftpd": {
			"LIST -a": "5: 226 Output truncated to 5 matches", "MLSD": "5: 226 Output truncated to 5 matches",
			"STAT .": "5: 213 End.",
		},
	} {
		t.Run(kind, func(t *testing.T) {
			c := dial(t, StartFTP(t, kind, FTPConfig{Root: root, MaxEntries: 5}))
			for command, want := range want {
				c.do("CWD /many")
				lines, last := c.ask(command)
				if got := fmt.Sprintf("%d: %s", lines, last); got != want {
					t.Errorf("%s: got %q, want %q", command, got, want)
				}
			}
		})
	}
}

// observe puts an answer into the form of a fact.
func (c *session) observe(f fact) string {
	c.t.Helper()
	if r := c.do("CWD " + f.cwd); !strings.HasPrefix(r, "250") {
		c.t.Fatalf("CWD %s: %s", f.cwd, r)
	}
	lines, last := c.ask(f.command)
	if strings.HasPrefix(f.command, "CWD") || !strings.HasPrefix(last, "2") {
		return last[:3]
	}
	return fmt.Sprintf("%s %d", last[:3], lines)
}

// ask sends a command and returns how many lines it yields, and the last line of the
// reply.
func (c *session) ask(command string) (lines int, last string) {
	c.t.Helper()
	verb, _, _ := strings.Cut(command, " ")
	var reply string
	if slices.Contains([]string{"LIST", "MLSD"}, verb) {
		var data string
		data, reply = c.list(command)
		lines = strings.Count(data, "\n")
	} else {
		reply = c.do(command)
		lines = max(0, strings.Count(reply, "\n")-2)
	}
	all := strings.Split(strings.TrimRight(reply, "\r\n"), "\r\n")
	return lines, all[len(all)-1]
}
