package distftp_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/mirror"
)

// serveWritable serves a folder in which everybody may do everything.
func serveWritable(t testing.TB, dir string) string {
	t.Helper()
	return serve(t, distftp.Config{FS: openFolder(t, dir), Access: control.ReadWrite})
}

// put does a whole passive upload; the last reply must begin with final.
func (c *client) put(line, content, final string) {
	c.t.Helper()
	conn := c.passive()
	c.do(line, "150")
	if _, err := io.WriteString(conn, content); err != nil {
		c.t.Fatalf("%q: data: %v", line, err)
	}
	conn.Close()
	c.want(final)
}

// content reads a file of the served folder.
func content(t testing.TB, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// everything lists all names below a folder, hidden ones too.
func everything(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if path != dir {
			names = append(names, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestStore(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"old": "old content", "sub/": "", "link": "-> old"})
	if err := os.Chmod(filepath.Join(dir, "old"), 0o640); err != nil {
		t.Fatal(err)
	}
	c := login(t, serveWritable(t, dir))
	c.do("TYPE I", "200")
	big := strings.Repeat("0123456789abcdef", 3<<16) + "tail"
	for _, name := range []string{"new", "old", "sub/two words", "caf\xe9", `"quoted"`, "-l"} {
		c.put("STOR "+name, big, "226")
		if content(t, dir, name) != big {
			t.Errorf("%q: content differs", name)
		}
	}
	c.put("STOR empty", "", "226")
	if content(t, dir, "empty") != "" {
		t.Error("empty: content differs")
	}
	for name, mode := range map[string]fs.FileMode{"new": 0o644, "old": 0o640} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, mode)
		}
	}
	c.put("STOR link", "instead of the link", "226")
	if content(t, dir, "link") != "instead of the link" || content(t, dir, "old") != big {
		t.Error("the upload to a link went to where it led")
	}

	c.do("STOR x", "425") // nobody said where
	for line, want := range map[string]string{
		"STOR sub":                         "550 Not a plain file",
		"STOR nothere/x":                   "550 No such file",
		"STOR /":                           "550 Permission denied",
		"STOR ..":                          "550 Permission denied",
		"STOR old/x":                       "550 Not a directory",
		"STOR .ftpd-upload-x":              "550",
		"STOR a\rb":                        "501",
		"STOR a\x00b":                      "501",
		"STOR " + strings.Repeat("n", 300): "553",
	} {
		c.passive()
		c.do(line, want)
	}
	names := slices.Sorted(slices.Values(everything(t, dir)))
	if want := []string{"\"quoted\"", "-l", "caf\xe9", "empty", "link", "new", "old", "sub", "sub/two words"}; !slices.Equal(names, want) {
		t.Errorf("folder holds %q", names)
	}
}

func TestResume(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"file": "0123456789"})
	c := login(t, serveWritable(t, dir))
	c.do("TYPE I", "200")
	for _, step := range []struct{ rest, line, sent, final, want string }{
		{"REST 10", "STOR file", "abc", "226", "0123456789abc"},
		{"REST 4", "STOR file", "X", "226", "0123X"},
		{"REST 0", "STOR file", "whole", "226", "whole"},
		{"", "APPE file", " and more", "226", "whole and more"},
		{"", "APPE file", "", "226", "whole and more"},
		{"", "APPE new", "begun", "226", "whole and more"},
	} {
		if step.rest != "" {
			c.do(step.rest, "350")
		}
		c.put(step.line, step.sent, step.final)
		if got := content(t, dir, "file"); got != step.want {
			t.Errorf("%s %s: %q, want %q", step.rest, step.line, got, step.want)
		}
	}
	if got := content(t, dir, "new"); got != "begun" {
		t.Errorf("APPE made %q", got)
	}
	c.do("REST 15", "350")
	c.passive()
	c.do("STOR file", "554")
	c.do("REST 1", "350")
	c.do("STOR nothere", "554")
	c.do("REST 1", "350")
	c.do("APPE file", "503")
	c.do("REST 1", "350")
	c.do("TYPE A", "200")
	c.do("STOR file", "554")
	if got := everything(t, dir); len(got) != 2 {
		t.Errorf("folder holds %q", got)
	}
}

// What was acknowledged is not lost to an append that began before it.
func TestResumeChanged(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"file": "old"})
	addr := serveWritable(t, dir)
	slow, quick := login(t, addr), login(t, addr)
	slow.do("TYPE I", "200")
	data := slow.passive()
	slow.do("APPE file", "150")
	quick.put("APPE file", " quick", "226")
	io.WriteString(data, " slow")
	data.Close()
	slow.want("450 File was changed")
	if got := content(t, dir, "file"); got != "old quick" {
		t.Errorf("%q", got)
	}
	if got := everything(t, dir); len(got) != 1 {
		t.Errorf("folder holds %q", got)
	}
}

func TestStoreText(t *testing.T) {
	dir := t.TempDir()
	c := login(t, serveWritable(t, dir))
	for sent, want := range map[string]string{
		"a\r\nb\r\n": "a\nb\n", "a\nb": "a\nb", "a\r": "a\r", "\r\r\n\r": "\r\n\r", "\r\n": "\n", "a\rb\r\r": "a\rb\r\r", "": "",
		strings.Repeat("x", 32<<10-1) + "\r\ny": strings.Repeat("x", 32<<10-1) + "\ny",
	} {
		c.put("STOR text", sent, "226")
		if got := content(t, dir, "text"); got != want {
			t.Errorf("%.20q: stored %.20q, want %.20q", sent, got, want)
		}
		if got := c.fetch("RETR text", "226"); got != strings.ReplaceAll(want, "\n", "\r\n") {
			t.Errorf("%.20q: fetched %.20q", sent, got)
		}
	}
	c.put("STOR text", "a\r\n", "226")
	c.put("APPE text", "b\r\n", "226")
	if got := content(t, dir, "text"); got != "a\nb\n" {
		t.Errorf("APPE: %q", got)
	}
	c.do("SIZE text", "550") // RFC 3659, 4: the number of bytes sent, or no answer
}

func TestStoreUnique(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"sub/": ""})
	c := login(t, serveWritable(t, dir))
	seen := map[string]bool{}
	for line, prefix := range map[string]string{"STOU": "upload.", "STOU name": "name."} {
		conn := c.passive()
		reply := c.do(line, "150 FILE: ")
		name := strings.TrimSuffix(strings.TrimPrefix(reply, "150 FILE: "), "\r\n")
		io.WriteString(conn, line)
		conn.Close()
		c.want("226")
		if !strings.HasPrefix(name, prefix) || seen[name] || content(t, dir, name) != line {
			t.Errorf("%s: stored as %q", line, name)
		}
		seen[name] = true
	}
}

// everybody may log in and do everything; some have something to do at the end.
type everybody map[string]func()

func (e everybody) Authenticate(_ context.Context, l control.Login) (control.Account, error) {
	return control.Account{Name: l.User, Access: control.ReadWrite, Close: e[l.User]}, nil
}

// serveUntil serves a folder in which everybody may do everything, and closes ended when
// the session of the user ann has ended.
func serveUntil(t *testing.T, dir string, ended chan struct{}) string {
	t.Helper()
	return serve(t, distftp.Config{
		FS: openFolder(t, dir), DataTimeout: time.Second,
		Authenticator: everybody{"ann": func() { close(ended) }},
	})
}

// An upload that is broken off, in whatever way, changes nothing and leaves nothing.
func TestStoreBrokenOff(t *testing.T) {
	for name, end := range map[string]func(c *client, data net.Conn){
		"ABOR": func(c *client, _ net.Conn) { c.do("ABOR", "426"); c.want("226") },
		"reset": func(c *client, data net.Conn) {
			data.(*net.TCPConn).SetLinger(0)
			data.Close()
			c.want("426")
		},
		"client gone": func(c *client, _ net.Conn) { c.conn.Close() },
		"stalled":     func(c *client, _ net.Conn) { c.want("426") },
		// What the kernel does for a killed client: both connections end, in this order.
		"client killed": func(c *client, data net.Conn) { c.conn.Close(); data.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			dir := plant(t, t.TempDir(), map[string]string{"file": "old"})
			ended := make(chan struct{})
			addr := serveUntil(t, dir, ended)
			c := dial(t, addr)
			c.loginAs("ann", "x", "230")
			c.do("TYPE I", "200")
			data := c.passive()
			c.do("STOR file", "150")
			if _, err := io.WriteString(data, strings.Repeat("new", 100_000)); err != nil {
				t.Fatal(err)
			}
			other := dial(t, addr)
			other.loginAs("bob", "x", "230")
			if got := other.fetch("NLST -a", "226"); got != ".\r\n..\r\nfile\r\n" {
				t.Errorf("listing meanwhile: %q", got)
			}
			if got := everything(t, dir); len(got) != 2 {
				t.Errorf("folder holds meanwhile %q", got)
			}
			temp := everything(t, dir)[0]
			for _, verb := range []string{"SIZE ", "DELE ", "RNFR ", "MLST "} {
				other.do(verb+temp, "550")
			}
			end(c, data)
			c.conn.Close()
			<-ended
			if got := everything(t, dir); len(got) != 1 || content(t, dir, "file") != "old" {
				t.Errorf("folder holds %q, file %.10q", got, content(t, dir, "file"))
			}
		})
	}
}

// A client that has said that it will go may do so.
func TestStoreAndQuit(t *testing.T) {
	dir := t.TempDir()
	ended := make(chan struct{})
	c := dial(t, serveUntil(t, dir, ended))
	c.loginAs("ann", "x", "230")
	data := c.passive()
	c.raw("STOR file\r\nQUIT\r\n")
	c.want("150")
	c.conn.(*net.TCPConn).CloseWrite()
	io.WriteString(data, "content")
	data.Close()
	c.want("226")
	<-ended
	if got := content(t, dir, "file"); got != "content" {
		t.Errorf("stored %q", got)
	}
}

// A slow client is not a stalled one, and loses no byte to the deadlines.
func TestStoreSlow(t *testing.T) {
	dir := t.TempDir()
	c := login(t, serve(t, distftp.Config{FS: openFolder(t, dir), Access: control.ReadWrite, DataTimeout: 200 * time.Millisecond}))
	for _, kind := range []string{"I", "A"} {
		c.do("TYPE "+kind, "200")
		data := c.passive()
		c.do("STOR file", "150")
		var want strings.Builder
		tick := time.NewTicker(70 * time.Millisecond)
		defer tick.Stop()
		for i := range 8 {
			<-tick.C
			part := fmt.Sprintf("part %d", i)
			want.WriteString(part)
			io.WriteString(data, part)
		}
		data.Close()
		c.want("226")
		if got := content(t, dir, "file"); got != want.String() {
			t.Errorf("TYPE %s: %q, want %q", kind, got, want.String())
		}
	}
}

func TestChange(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{
		"file": "content", "other": "x", "sub/inner": "y", "two words": "z", "empty/": "", "lnk": "-> file",
	})
	c := login(t, serveWritable(t, dir))
	for line := range strings.SplitSeq(`MKD new => 257 "/new" Directory created
MKD new/in "quotes" => 257 "/new/in ""quotes""" Directory
MKD new => 550 There is something
MKD nothere/x => 550 No such file
XMKD xnew => 257
MKD .ftpd-upload-x => 550
RMD new => 550 Directory is not empty
RMD new/in "quotes" => 250
RMD new => 250
XRMD xnew => 250
RMD file => 550 Not a directory
RMD lnk => 550 Not a directory
RMD / => 550 Permission denied
DELE sub => 550 Not a plain file
DELE nothere => 550 No such file
DELE lnk => 250
SIZE file => 550 SIZE is not
RNTO x => 503
RNFR nothere => 550
RNTO x => 503
RNFR file => 350
RNTO two/words => 550 No such file
RNFR file => 350
RNTO moved file => 250
RNTO again => 503
RNFR moved file => 350
RNTO other => 250
RNFR sub => 350
RNTO sub/below => 553 Not possible
RNFR sub => 350
RNTO other => 550 Not a directory
RNFR other => 350
RNTO sub => 550
RNFR other => 350
RNTO ../../../outside => 250
RNFR outside => 350
RNTO other => 250
RNFR / => 350
RNTO x => 550
MFMT 20200229010203 other => 213 Modify=20200229010203; other
MDTM other => 213 20200229010203
MFMT 20200229010204.567 sub => 213 Modify=20200229010204; sub
MFMT 20210229010203 other => 501
MFMT 2020 other => 501
MFMT 20200229010203 => 501
MFMT 20200229010203 nothere => 550
SITE CHMOD 600 two words => 200
SITE CHMOD 1777 two words => 501
SITE CHMOD 9 two words => 501
SITE CHMOD 600 => 501
SITE CHMOD 600 nothere => 550
SITE UTIME 20190101020304 two words => 200
MDTM two words => 213 20190101020304
SITE UTIME 201901010203 two words => 200
MDTM two words => 213 20190101020300
SITE UTIME two words 20180101020304 20180101020305 20180101020306 UTC => 200
MDTM two words => 213 20180101020305
SITE UTIME never two words => 501
SITE UTIME two words 20170101020304 => 200
MDTM two words => 213 20170101020304
MDTM 20160101020304 two words => 213 Modify=20160101020304; two words
MDTM two words => 213 20160101020304
MDTM 20160101020304+60 two words => 213 Modify=20160101010304
MDTM 20160101020304-330 two words => 213 Modify=20160101073304
MDTM 20160101020304+x two words => 550 No such file
MDTM 20160101020304 nothere => 550 No such file
MKD 20160101020304 two => 257
MDTM 20160101020304 two => 550 Not a plain file
RMD 20160101020304 two => 250
MFF Modify=20150101020304;UNIX.mode=0640; two words => 213 Modify=20150101020304;UNIX.mode=0640; two words
MDTM two words => 213 20150101020304
MFF modify=20180101020305;unix.mode=600 two words => 213
MFF UNIX.mode=1777; two words => 501
MFF modify=2015; two words => 501
MFF create=20150101020304; two words => 504
MFF modify=20150101020304; => 501
MFF two words => 504
MFF modify=20150101020304; nothere => 550
SITE MKDIR deep/and deeper/dir => 200 "/deep/and deeper/dir" is there
SITE MKDIR deep/and deeper => 200
SITE MKDIR two words/x => 550 Not a directory
SITE MKDIR => 501
RMD deep/and deeper/dir => 250
RMD deep/and deeper => 250
RMD deep => 250
SITE SYMLINK other sub/dangling => 200
SITE SYMLINK ../other sub/good => 200 Link
SITE SYMLINK /other sub/absolute => 200 Link
SITE SYMLINK "/two words" "sub/a ""b""" => 200 Link
SITE SYMLINK / sub/top => 200 Link
SITE SYMLINK ../../etc/passwd sub/out => 550 Permission denied
SITE SYMLINK x/../../../etc sub/out => 550 Permission denied
SITE SYMLINK other good => 200
SITE SYMLINK other good => 550 There is something
SITE SYMLINK other two more words => 200
DELE two more words => 250
SITE SYMLINK "a b => 501
SITE SYMLINK a => 501
RNFR sub/good => 350
RNTO good-at-top => 550 Permission denied
CWD sub/top => 250
CWD / => 250
SITE CPTO x => 503
SITE CPFR nothere => 550
SITE CPFR sub => 550 Not a plain file
SITE CPFR other => 350
SITE CPTO sub/copy => 250
SITE CPTO sub/copy => 503
SITE CPFR sub/absolute => 350
SITE CPTO two words => 250
SITE CPFR other => 350
SITE CPTO sub => 550 Not a plain file
SITE CPFR other => 350
SITE CPTO other => 250
SITE HELP => 214-
SITE chmod 644 other => 200
SITE => 501
SITE NOTHING => 500
ALLO 10 => 200
ALLO 10 R 5 => 200`, "\n") {
		command, want, _ := strings.Cut(line, " => ")
		c.do(command, want)
	}
	for name, want := range map[string]string{
		"other": "content", "sub/inner": "y", "sub/copy": "content", "sub/a \"b\"": "content", "two words": "content",
	} {
		if got := content(t, dir, name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"absolute": "../other", "top": "..", "dangling": "other", `a "b"`: "../two words"} {
		if got, err := os.Readlink(filepath.Join(dir, "sub", name)); got != want {
			t.Errorf("%s leads to %q, %v, want %q", name, got, err, want)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "two words")); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v, want mode 600", info.Mode(), err)
	}
	names := slices.Sorted(slices.Values(everything(t, dir)))
	if want := []string{"empty", "good", "other", "sub", `sub/a "b"`, "sub/absolute", "sub/copy", "sub/dangling", "sub/good", "sub/inner", "sub/top", "two words"}; !slices.Equal(names, want) {
		t.Errorf("folder holds %q", names)
	}
}

// asked notes what a session asks for, and allows what it is told to.
type asked struct {
	rights []string
	allow  map[string]bool
}

func (a *asked) Allow(r control.Right, p mirror.Path) error {
	name := []string{"list", "read", "write", "append", "delete", "rename", "mkdir"}[r] + " " + string(p)
	a.rights = append(a.rights, name)
	if a.allow == nil || a.allow[name] {
		return nil
	}
	return fs.ErrPermission
}

func TestRights(t *testing.T) {
	for line, want := range map[string]string{
		"STOR new": "write /new", "STOR file": "write /file, delete /file", "STOU new": "write /new.",
		"APPE new": "write /new", "APPE file": "append /file", "REST 3 STOR file": "append /file",
		"DELE file": "delete /file", "RMD sub": "delete /sub", "MKD new": "mkdir /new",
		"RNFR file": "rename /file", "RNFR file RNTO new": "rename /file, rename /new",
		"RNFR file RNTO other":     "rename /file, rename /other, delete /other",
		"MFMT 20200101000000 file": "write /file", "SITE CHMOD 644 file": "write /file", "SITE UTIME 202001010000 file": "write /file",
		"MDTM 20200101000000 file": "write /file", "MFF modify=20200101000000;UNIX.mode=600; file": "write /file", "SITE MKDIR new": "list /new, mkdir /new",
		"SITE SYMLINK file new": "write /new", "SITE CPFR file": "read /file", "SITE CPFR file SITE CPTO new": "read /file, write /new",
		"SITE CPFR file SITE CPTO other": "read /file, write /other, delete /other",
		"RETR file":                      "read /file", "SIZE file": "list /file", "MDTM file": "list /file", "MLST file": "list /file",
		"CWD sub": "list /sub", "LIST sub": "list /sub", "NLST sub": "list /sub", "MLSD sub": "list /sub", "STAT sub": "list /sub",
	} {
		t.Run(line, func(t *testing.T) {
			dir := plant(t, t.TempDir(), map[string]string{"file": "content", "other": "x", "sub/": ""})
			a := &asked{}
			start := func() *client {
				a.rights = nil
				c := login(t, serve(t, distftp.Config{FS: openFolder(t, dir), Access: a}))
				c.do("TYPE I", "200")
				return c
			}
			commands := strings.Split(strings.NewReplacer(" STOR", "\nSTOR", " RNTO", "\nRNTO", " SITE CPTO", "\nSITE CPTO").Replace(line), "\n")
			last := len(commands) - 1
			rights := strings.Split(want, ", ")
			// With all rights but one, each in turn, it is refused, and nothing is changed.
			for i := range rights {
				a.allow = map[string]bool{}
				for j, right := range rights {
					a.allow[right] = i != j
				}
				c := start()
				for _, command := range commands[:last] {
					c.send(command)
					if c.reply()[0] == '5' { // the right was needed for this already
						break
					}
				}
				c.send(commands[last])
				if got := c.reply(); got[0] != '5' {
					t.Errorf("without %q: %q", rights[i], got)
				}
				if got := everything(t, dir); !slices.Equal(got, []string{"file", "other", "sub"}) || content(t, dir, "file")+content(t, dir, "other") != "contentx" {
					t.Fatalf("without %q: folder holds %q", rights[i], got)
				}
			}
			a.allow = nil
			c := start()
			for _, command := range commands {
				c.send(command)
				if got := c.reply(); got[0] == '5' {
					t.Errorf("%s: %q", command, got)
				}
			}
			if got := strings.Join(a.rights, ", "); !strings.HasPrefix(got, want) || len(a.rights) != len(rights) && line != "MLST file" {
				t.Errorf("asked for %s, want %s", got, want)
			}
		})
	}
}
