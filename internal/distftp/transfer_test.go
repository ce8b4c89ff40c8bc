package distftp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/distftp"
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
		for _, line := range strings.Split(c.fetch(tt.command, "226"), "\r\n") {
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

func TestRetrieve(t *testing.T) {
	dir := t.TempDir()
	content := make([]byte, 3<<20+17)
	rand.Read(content)
	plant(t, dir, map[string]string{"big": string(content), "text": "a\nb\r\nc", "none": ""})
	c := login(t, serveDir(t, dir))

	if got := c.fetch("RETR text", "226"); got != "a\r\nb\r\r\nc" {
		t.Errorf("TYPE A: %q", got)
	}
	c.do("TYPE I", "200")
	if got := c.fetch("RETR text", "226"); got != "a\nb\r\nc" {
		t.Errorf("TYPE I: %q", got)
	}
	for _, offset := range []int{0, 1, 1 << 20, len(content) - 1, len(content)} {
		c.do(fmt.Sprintf("REST %d", offset), "350")
		if got := c.fetch("RETR big", "226"); got != string(content[offset:]) {
			t.Errorf("from %d: %d bytes, differ", offset, len(got))
		}
	}
	if got := c.fetch("RETR big", "226"); got != string(content) {
		t.Error("REST counted for a second transfer")
	}
	if got := c.fetch("RETR none", "226"); got != "" {
		t.Errorf("empty file: %q", got)
	}

	c.do(fmt.Sprintf("REST %d", len(content)+1), "350")
	c.passive()
	c.do("RETR big", "554")
	c.do("REST 5", "350")
	c.do("TYPE A", "200")
	c.do("RETR big", "554")
}

func TestActive(t *testing.T) {
	c := login(t, serveSite(t))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	for _, command := range []string{
		"PORT " + portArgument(ln.Addr()),
		fmt.Sprintf("EPRT |1|127.0.0.1|%d|", ln.Addr().(*net.TCPAddr).Port),
	} {
		c.do(command, "200")
		c.send("RETR README")
		conn, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c.want("150")
		if b, err := io.ReadAll(conn); string(b) != "hello\r\nworld\r\n" || err != nil {
			t.Errorf("%s: %q, %v", command, b, err)
		}
		c.want("226")
	}
	ln.Close()
	c.do("PORT "+portArgument(ln.Addr()), "200")
	c.do("RETR README", "425")
	c.do("RETR README", "425 Use") // one try per PORT
}

// Another address cannot take the client's data connection, nor keep it from getting
// through (RFC 2577).
func TestPassiveTheft(t *testing.T) {
	c := login(t, serveSite(t))
	port := portOf229.FindStringSubmatch(c.do("EPSV", "229"))[1]
	thief := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	stolen, err := thief.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer stolen.Close()
	c.send("RETR README")
	stolen.SetDeadline(time.Now().Add(patience))
	if b, _ := io.ReadAll(stolen); len(b) > 0 {
		t.Errorf("another address got %q", b)
	}
	mine, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()
	c.want("150")
	if b, err := io.ReadAll(mine); string(b) != "hello\r\nworld\r\n" || err != nil {
		t.Errorf("the client got %q, %v", b, err)
	}
	c.want("226")
}

func TestPipelining(t *testing.T) {
	c := login(t, serveSite(t))
	c.do("TYPE I", "200")
	var batch strings.Builder
	var want []string
	for i := range 50 {
		switch i % 5 {
		case 0:
			batch.WriteString("SIZE README\r\n")
			want = append(want, "213 12")
		case 1:
			batch.WriteString("CWD pub\n") // a lone LF will do
			want = append(want, "250")
		case 2:
			batch.WriteString("STAT .\r\n")
			want = append(want, "213-")
		case 3:
			batch.WriteString("CDUP\r\n")
			want = append(want, "250")
		case 4:
			batch.WriteString("NONSENSE\r\n")
			want = append(want, "500")
		}
	}
	c.raw(batch.String())
	for _, w := range want {
		c.want(w)
	}
}

// A listing asked for in the same write as its port: the answer to EPSV must come out
// although the session already waits for the data connection, and what follows waits.
func TestPipelinedTransfer(t *testing.T) {
	c := login(t, serveSite(t))
	c.raw("EPSV\r\nNLST pub/empty\r\nNOOP\r\nPWD\r\n")
	port := portOf229.FindStringSubmatch(c.want("229"))[1]
	conn, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if b, err := io.ReadAll(conn); len(b) > 0 || err != nil {
		t.Errorf("data %q, %v", b, err)
	}
	for _, w := range []string{"150", "226", "200", "257"} {
		c.want(w)
	}
}

// serveHuge serves a sparse file that no test reads to its end.
func serveHuge(t testing.TB) string {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "huge"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 40); err != nil {
		t.Fatal(err)
	}
	return serveDir(t, dir)
}

// begin starts a transfer of the huge file and reads a little of it.
func beginHuge(t testing.TB, c *client) net.Conn {
	t.Helper()
	c.do("TYPE I", "200")
	data := c.passive()
	c.do("RETR huge", "150")
	if _, err := io.ReadFull(data, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAbort(t *testing.T) {
	addr := serveHuge(t)
	for name, abor := range map[string]string{
		"plain":              "ABOR\r\n",
		"IP, then DM":        "\xff\xf4\xff\xf2ABOR\r\n",
		"IP alone":           "\xff\xf4ABOR\r\n",
		"with telnet option": "\xff\xfd\x06abor\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := login(t, addr)
			data := beginHuge(t, c)
			c.raw(abor)
			c.want("426")
			c.want("226")
			io.Copy(io.Discard, data)
			c.do("NOOP", "200")
			c.do("ABOR", "225")
		})
	}
}

// The Synch of Telnet: part of the ABOR travels as urgent data, differently with every
// client. What is urgent must not get lost.
func TestAbortUrgent(t *testing.T) {
	addr := serveHuge(t)
	for name, parts := range map[string][3]string{ // before, urgent, after
		"BSD ftp": {"\xff\xf4", "\xff", "\xf2ABOR\r\n"},
		"lftp":    {"\xff\xf4\xff", "\xf2", "ABOR\r\n"},
		"ftplib":  {"", "ABOR\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := login(t, addr)
			beginHuge(t, c)
			c.raw(parts[0])
			sendUrgent(t, c.conn.(*net.TCPConn), parts[1])
			c.raw(parts[2])
			c.want("426")
			c.want("226")
			c.do("NOOP", "200")
		})
	}
}

func sendUrgent(t *testing.T, conn *net.TCPConn, text string) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var sent error
	err = raw.Write(func(fd uintptr) bool {
		sent = syscall.Sendto(int(fd), []byte(text), syscall.MSG_OOB, nil)
		return sent != syscall.EAGAIN
	})
	if err != nil || sent != nil {
		t.Fatal(err, sent)
	}
}

func TestDuringTransfer(t *testing.T) {
	addr := serveHuge(t)
	t.Run("STAT", func(t *testing.T) {
		c := login(t, addr)
		beginHuge(t, c)
		if got := c.do("STAT", "211-"); !strings.Contains(got, "Transfer: RETR /huge") {
			t.Errorf("STAT: %q", got)
		}
		// What is not urgent waits its turn, and ABOR is answered behind it.
		c.raw("NOOP\r\nSTAT\r\nABOR\r\n")
		for _, want := range []string{"426", "200", "211-", "226"} {
			c.want(want)
		}
	})
	t.Run("ABOR while waiting for the client", func(t *testing.T) {
		c := login(t, addr)
		c.do("EPSV", "229")
		c.raw("RETR huge\r\nABOR\r\n")
		c.want("426")
		c.want("226")
	})
	t.Run("data connection lost", func(t *testing.T) {
		c := login(t, addr)
		data := beginHuge(t, c)
		data.Close()
		c.want("426")
		c.do("NOOP", "200")
	})
	t.Run("control connection lost", func(t *testing.T) {
		c := login(t, addr)
		data := beginHuge(t, c)
		c.conn.Close()
		io.Copy(io.Discard, data) // ends, though the file is far from its end
	})
}

func TestQuitLetsTransferFinish(t *testing.T) {
	dir := t.TempDir()
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // more than sockets buffer
	plant(t, dir, map[string]string{"file": string(content)})
	c := login(t, serveDir(t, dir))
	c.do("TYPE I", "200")
	data := c.passive()
	c.do("RETR file", "150")
	c.send("QUIT")
	if err := c.conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(data); !bytes.Equal(b, content) || err != nil {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	c.want("226")
	c.want("221")
	if rest, err := io.ReadAll(c.r); len(rest) > 0 || err != nil {
		t.Errorf("after 221: %q, %v", rest, err)
	}
}

func TestShutdown(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"file": "x"})
	if err := os.Truncate(filepath.Join(dir, "file"), 1<<40); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- distftp.ServeFolder(ctx, ln, dir) }()
	idle, busy, waiting := login(t, ln.Addr().String()), login(t, ln.Addr().String()), login(t, ln.Addr().String())
	fresh := dial(t, ln.Addr().String())
	busy.do("TYPE I", "200")
	data := busy.passive()
	busy.do("RETR file", "150")
	waiting.do("EPSV", "229")
	waiting.send("RETR file")
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("ServeFolder: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("Serve did not return")
	}
	idle.want("421")
	fresh.want("421")
	waiting.want("42")
	busy.want("426")
	busy.want("421")
	io.Copy(io.Discard, data)
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("the listener still accepts")
	}
}

func TestServeFolderMissing(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := distftp.ServeFolder(t.Context(), ln, "/does/not/exist"); err == nil || !strings.Contains(err.Error(), "/does/not/exist") {
		t.Errorf("error %v", err)
	}
}

func TestMaxSessions(t *testing.T) {
	addr := serve(t, distftp.Config{FS: openFolder(t, t.TempDir()), MaxSessions: 2})
	first, _ := dial(t, addr), dial(t, addr)
	third, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer third.Close()
	third.SetDeadline(time.Now().Add(patience))
	if b, err := io.ReadAll(third); string(b) != "421 Too many sessions, try again later\r\n" || err != nil {
		t.Errorf("third client: %q, %v", b, err)
	}
	first.do("QUIT", "221")
}

func TestOverlongLine(t *testing.T) {
	c := login(t, serveSite(t))
	c.raw("CWD " + strings.Repeat("x", 100_000) + "\r\nNOOP\r\n")
	c.want("500")
	c.want("200")
	c.do("SIZE "+strings.Repeat("y/", 2040), "550")
	c.do("CWD "+strings.Repeat("z", 300), "550")
	c.do("PWD", "257")
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
