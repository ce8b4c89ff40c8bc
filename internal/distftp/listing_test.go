package distftp_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		{"LIST -lRX -a", withDots},
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
