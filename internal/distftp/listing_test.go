package distftp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/listing"
)

func TestListings(t *testing.T) {
	addr := serveSite(t)
	c := login(t, addr)
	c.do("CWD pub", "250")

	names := []string{" lead", "a file", "caf\xc3\xa9", "caf\xe9", "empty", "say \"dir\"", "say \"hi\" 100%", "trail ", "x -> y"}
	withDots := append([]string{".", "..", ".hidden"}, names...)
	slices.Sort(withDots[2:])

	for _, tt := range []struct {
		command string
		want    []string
	}{
		{"NLST", names},
		{"NLST -a", withDots},
		{"NLST .", prefixed("./", names)},
		{"NLST /pub/", prefixed("/pub/", names)},
		{"NLST ../linkdir", prefixed("../linkdir/", names)},
		{"NLST a file", []string{"a file"}},
		{"NLST empty", nil},
	} {
		if got := c.fetch(tt.command, "226"); got != strings.Join(crlf(tt.want), "") {
			t.Errorf("%s: %q, want %q", tt.command, got, tt.want)
		}
	}

	long := regexp.MustCompile(`^[-dl][-rwx]{9} +\d+ ftp      ftp      +\d+ [A-Z][a-z]{2} [ 0-9]\d (?:\d\d:\d\d| \d{4}) (.*)$`)
	for _, tt := range []struct {
		command string
		want    []string
	}{
		{"LIST", names},
		{"LIST -l", names},
		{"LIST -a", withDots},
		{"LIST -la", withDots},
		{"LIST -al", withDots},
		{"LIST -lX -a", withDots},
		{"LIST -A", withDots[2:]},
		{"LIST -l /pub", names},
		{"LIST --", names},
		{"LIST -- a file", []string{"a file"}},
		{"LIST a file", []string{"a file"}},
		{"LIST  lead", []string{" lead"}},
		{"LIST -a  lead", []string{" lead"}},
		{"LIST trail ", []string{"trail "}},
		{"LIST say \"dir\"", []string{"inside"}},
		{"LIST empty", nil},
		{"LIST -a empty", []string{".", ".."}},
	} {
		var got []string
		for line := range strings.SplitSeq(c.fetch(tt.command, "226"), "\r\n") {
			if line == "" {
				continue
			}
			m := long.FindStringSubmatch(line)
			if m == nil {
				t.Fatalf("%s: line %q", tt.command, line)
			}
			got = append(got, m[1])
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.command, diff)
		}
	}

	if got := c.fetch("LIST /README", "226"); got != "-rw-r--r--    1 ftp      ftp                12 Dec 24  2019 README\r\n" {
		t.Errorf("LIST of a file: %q", got)
	}
	if got := c.fetch("LIST a file", "226"); got != "-rw-r--r--    1 ftp      ftp                 5 Feb 29 23:59 a file\r\n" {
		t.Errorf("LIST of a recent file: %q", got)
	}
	root := c.fetch("LIST /", "226")
	for _, want := range []string{" link -> README\r\n", " linkdir -> pub\r\n", " passwd -> /etc/passwd\r\n", " dangling -> nowhere\r\n"} {
		if !strings.Contains(root, want) || !strings.Contains(root, "\nlrwxrwxrwx ") {
			t.Errorf("LIST /: no %q in\n%s", want, root)
		}
	}
}

// A tree for options and patterns.
func forest(t *testing.T) string {
	dir := plant(t, t.TempDir(), map[string]string{
		"a.txt":           "1",
		"b.txt":           "333",
		"c.tar":           "22",
		".d.txt":          "h",
		"sub/x.txt":       "x",
		"sub/deep/y.txt":  "y",
		"sub/.hide/z.txt": "z",
		"tub/x.txt":       "x",
		"[odd]/o.txt":     "o",
		"empty/":          "",
		"link":            "-> sub",
		"star*":           "literally",
	})
	for i, name := range []string{"b.txt", "c.tar", "a.txt"} {
		touch(t, dir, name, time.Date(2024, 1, 1+i, 0, 0, 0, 0, time.UTC))
	}
	return dir
}

// Names are what is left of a long listing.
func shortened(text string) string {
	text = regexp.MustCompile(`(?m)^[-dl][-rwx]{9} .{49}`).ReplaceAllString(text, "")
	return strings.ReplaceAll(strings.TrimSuffix(text, "\r\n"), "\r\n", "|")
}

func TestListingOptionsAndPatterns(t *testing.T) {
	c := login(t, serveDir(t, forest(t)))
	for _, tt := range []struct{ command, want string }{
		{"NLST -t *.t*", "a.txt|c.tar|b.txt"},
		{"NLST -rt *.t*", "b.txt|c.tar|a.txt"},
		{"NLST -S *.t*", "b.txt|c.tar|a.txt"},
		{"NLST -r *.t*", "c.tar|b.txt|a.txt"},
		{"NLST -a *.txt", ".d.txt|a.txt|b.txt"},
		{"NLST .*", ".d.txt"},
		{"NLST ?.txt", "a.txt|b.txt"},
		{"NLST [a-b].*", "a.txt|b.txt"},
		{"NLST sub/*.txt", "sub/x.txt"},
		{"NLST /sub/*.txt", "/sub/x.txt"},
		{"NLST ../sub/./*", "../sub/./deep|../sub/./x.txt"},
		{"NLST ?ub/x.*", "sub/x.txt|tub/x.txt"},
		{"NLST */x.txt", "link/x.txt|sub/x.txt|tub/x.txt"},
		{"NLST */*/*.txt", "link/deep/y.txt|sub/deep/y.txt"},
		{"NLST em*", "empty"},
		{"NLST em*/", "empty"},
		{"NLST star*", "star*"},
		{"NLST [odd]", "[odd]/o.txt"},
		{"LIST ?ub/x.*", "sub/x.txt|tub/x.txt"},
		{"LIST li*", "link -> sub"},
		{"LIST link", "deep|x.txt"},
		{"LIST -d link", "link -> sub"},
		{"LIST -d sub", "sub"},
		{"LIST -ld", "."},
		{"NLST -d", "."},
		{"NLST -d /sub", "/sub"},
		{"NLST -R sub", "sub/deep|sub/x.txt"},
		{"LIST -R sub", "sub:|deep|x.txt||sub/deep:|y.txt"},
		{"LIST -lRA sub/", "sub/:|.hide|deep|x.txt||sub/.hide:|z.txt||sub/deep:|y.txt"},
		{"LIST -R /empty", "/empty:"},
	} {
		if got := shortened(c.fetch(tt.command, "226")); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.command, got, tt.want)
		}
	}
	for _, command := range []string{"NLST *.zip", "LIST nowhere/*", "LIST a.txt/*", "LIST x[", "MLSD s*", "STAT *.zip"} {
		c.do(command, "550")
	}
	if got := c.do("STAT *.txt", "213-"); shortened(got) != "213-Status of /*.txt|.d.txt|a.txt|b.txt|213 End of status" {
		t.Errorf("STAT of a pattern: %q", shortened(got))
	}

	// What others read of a tree.
	blocks := map[string]int{}
	for d, err := range listing.ParseRecursive(strings.NewReader(c.fetch("LIST -R", "226")), listing.Limits{}) {
		if err != nil {
			t.Error(err)
		}
		blocks[d.Path] = len(d.Entries)
	}
	if diff := cmp.Diff(map[string]int{".": 9, "./[odd]": 1, "./empty": 0, "./sub": 2, "./sub/deep": 1, "./tub": 1}, blocks); diff != "" {
		t.Errorf("LIST -R (-want +got):\n%s", diff)
	}
}

// A listing that lacks a directory says so in the end, and too many are not looked into.
func TestBoundedListings(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"open/file": "x", "shut/file": "x"})
	a := &asked{allow: map[string]bool{"list /": true, "list /open": true}}
	c := login(t, serve(t, distftp.Config{FS: openFolder(t, dir), Access: a}))
	if got := shortened(c.fetch("LIST -R", "550 Listing incomplete")); got != ".:|open|shut||./open:|file" {
		t.Errorf("LIST -R: %s", got)
	}
	if got := c.fetch("NLST */file", "226"); got != "open/file\r\n" { // which a pattern does not
		t.Errorf("NLST: %q", got)
	}
	for i := range 300 {
		if err := os.Mkdir(filepath.Join(dir, fmt.Sprint("many", i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c = login(t, serveDir(t, dir))
	c.do("LIST */file", "550 Too many directories")
	c.fetch("NLST many*", "226")
}

// The perm fact says what would be done.
func TestPerm(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"file": "x", "in/new": "x", "link": "-> file"})
	everything := map[string]string{"/file": "adfrw", "/in": "cdeflmp", "/link": "df", "/": "celmp", "/in/new": "adfrw"}
	reading := map[string]string{"/file": "r", "/in": "el", "/link": "", "/": "el", "/in/new": "r"}
	drop := map[string]bool{"list /in": true, "list /": true, "list /in/new": true, "write /in/x": true, "write /in/new": true, "append /in/new": true}
	for name, tt := range map[string]struct {
		access control.Access
		want   map[string]string
	}{
		"everything": {control.ReadWrite, everything},
		"reading":    {control.ReadOnly, reading},
		"dropping":   {&asked{allow: drop}, map[string]string{"/in": "cel", "/": "el", "/in/new": "a"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := login(t, serve(t, distftp.Config{FS: openFolder(t, dir), Access: tt.access}))
			for path, want := range tt.want {
				if got := c.do("MLST "+path, "250-"); !strings.Contains(got, ";perm="+want+";") {
					t.Errorf("%s: %q, want %s", path, got, want)
				}
			}
			root := c.fetch("MLSD /in", "226")
			for name, path := range map[string]string{"new": "/in/new", ".": "/in", "..": "/"} {
				if !regexp.MustCompile(`(?m);perm=` + tt.want[path] + `;.* ` + regexp.QuoteMeta(name) + "\r$").MatchString(root) {
					t.Errorf("%s: want %s in\n%s", name, tt.want[path], root)
				}
			}
		})
	}
}

func prefixed(prefix string, names []string) []string {
	var out []string
	for _, name := range names {
		out = append(out, prefix+name)
	}
	return out
}

func crlf(lines []string) []string {
	var out []string
	for _, line := range lines {
		out = append(out, line+"\r\n")
	}
	return out
}

func TestMachineListing(t *testing.T) {
	c := login(t, serveSite(t))
	got := map[string]string{}
	for _, line := range lines(c.fetch("MLSD", "226")) {
		facts, name, _ := strings.Cut(line, " ")
		got[name] = facts
	}
	for name, want := range map[string]string{
		".":        `type=cdir;modify=\d{14};perm=el;unique=\w+;UNIX\.mode=0755;`,
		"..":       `type=pdir;modify=\d{14};perm=el;unique=\w+;UNIX\.mode=0755;`,
		"README":   `type=file;size=12;modify=20191224180005;perm=r;unique=\w+;UNIX\.mode=0644;`,
		"pub":      `type=dir;modify=\d{14};perm=el;unique=\w+;UNIX\.mode=0755;`,
		"link":     `type=OS\.unix=slink:README;modify=\d{14};perm=;unique=\w+;UNIX\.mode=0777;`,
		"passwd":   `type=OS\.unix=slink:/etc/passwd;modify=.*`,
		"semi":     `type=OS\.unix=symlink;modify=.*`,
		"dangling": `type=OS\.unix=slink:nowhere;modify=.*`,
	} {
		if !regexp.MustCompile("^(?:" + want + ")$").MatchString(got[name]) {
			t.Errorf("%s: facts %q, want %s", name, got[name], want)
		}
	}
	if len(got) != 11 {
		t.Errorf("%d entries, want 11", len(got))
	}
	c.do("MLST link", "250-Listing /link\r\n type=OS.unix=slink:README;")
	if got := c.do("MLST pub/caf\xe9", "250-"); !strings.HasSuffix(got, " /pub/caf\xe9\r\n250 End\r\n") {
		t.Errorf("MLST: %q", got)
	}
	if pub := c.fetch("MLSD /pub", "226"); !strings.Contains(pub, " .hidden\r\n") {
		t.Errorf("MLSD hides names:\n%s", pub)
	}
}

func TestStatListsDirectories(t *testing.T) {
	c := login(t, serveSite(t))
	want := c.fetch("LIST -a pub", "226")
	if got := c.do("STAT pub", "213-"); got != "213-Status of /pub\r\n"+want+"213 End of status\r\n" {
		t.Errorf("STAT pub: %q", got)
	}
	if got := c.do("STAT -a /pub", "213-"); got != "213-Status of /pub\r\n"+want+"213 End of status\r\n" {
		t.Errorf("STAT -a /pub: %q", got)
	}
	if got := c.do("STAT pub/a file", "213-"); strings.Count(got, "\r\n") != 3 {
		t.Errorf("STAT of a file: %q", got)
	}
	c.do("NOOP", "200")
}

func TestLargeDirectory(t *testing.T) {
	for _, n := range []int{5000, 9000} { // sorted in memory; streamed
		t.Run(itoa(n), func(t *testing.T) {
			dir := t.TempDir()
			for i := range n {
				f, err := os.Create(filepath.Join(dir, fmt.Sprintf("file %05d", i)))
				if err != nil {
					t.Fatal(err)
				}
				f.Close()
			}
			c := login(t, serveDir(t, dir))
			mlsd := lines(c.fetch("MLSD", "226"))
			list := lines(c.fetch("LIST -a", "226"))
			stat := lines(c.do("STAT .", "213-"))
			nlst := lines(c.fetch("NLST", "226"))
			if len(mlsd) != n+2 || len(list) != n+2 || len(stat) != n+4 || len(nlst) != n {
				t.Errorf("MLSD %d, LIST %d, STAT %d, NLST %d lines", len(mlsd), len(list), len(stat), len(nlst))
			}
			slices.Sort(nlst)
			if len(slices.Compact(nlst)) != n {
				t.Error("names twice")
			}
		})
	}
}
