package distftp_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

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
	hugeFile(t, dir)
	return serveDir(t, dir)
}

func hugeFile(t testing.TB, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "huge"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 40); err != nil {
		t.Fatal(err)
	}
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
		if got := c.do("STAT", "211-"); !regexp.MustCompile(`\n Transfer: RETR /huge, \d+ of \d{7,} bytes in \d+s, [\d.]+ [KMG]?i?B/s\r\n`).MatchString(got) {
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
