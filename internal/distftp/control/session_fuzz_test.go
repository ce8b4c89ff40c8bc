package control

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"regexp"
	"testing"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// An emptyFS has a root with nothing in it.
type emptyFS struct{}

func (emptyFS) Lstat(_ context.Context, p mirror.Path) (vfs.Entry, error) {
	if p != mirror.Root {
		return vfs.Entry{}, fs.ErrNotExist
	}
	return vfs.Entry{Name: "/", Kind: vfs.Directory, Owner: "ftp", Group: "ftp"}, nil
}

func (e emptyFS) Stat(ctx context.Context, p mirror.Path) (vfs.Entry, error) { return e.Lstat(ctx, p) }

func (emptyFS) OpenDir(context.Context, mirror.Path) (vfs.Dir, error) { return emptyDir{}, nil }

func (emptyFS) Retrieve(context.Context, data.Request) (data.Plan, error) {
	return data.Plan{}, fs.ErrNotExist
}

type emptyDir struct{}

func (emptyDir) Next() (vfs.Entry, error) { return vfs.Entry{}, io.EOF }
func (emptyDir) Close() error             { return nil }

// Every line of an answer begins with a code, or with a blank within a longer answer, or
// is one of a listing, and ends with CR LF alone.
var answerLine = regexp.MustCompile(`^([1-5]\d\d[ -]| |[-dl]).*\r\n$`)

// Whatever a client sends, before the login and after, a session answers in lines and
// ends when the client is gone.
func FuzzSession(f *testing.F) {
	for _, input := range []string{
		"AUTH TLS\r\nPBSZ 0\r\nPROT P\r\nCCC\r\nSSCN ON\r\nCPSV\r\n",
		"HOST [::1]\r\nREIN\r\nCEPR ON\r\nEPSV ALL\r\nEPSV 2\r\nPRET RETR x\r\n",
		"STAT /\r\nMLST\r\nOPTS HASH sha-1\r\nHASH x\r\nXCRC \"x\" 1 2\r\nAVBL\r\n",
		"SITE WHO\r\nSITE KICK 1\r\nSITE CHMOD 644 x\r\nSITE SYMLINK \"a\"\"b\" c\r\nHELP SITE\r\n",
		"STAT -dR *\r\nSTAT [a-\r\nSTAT /?/*/x\r\nRANG 1 2\r\nMFF modify=20200101000000;UNIX.mode=0; x\r\nMDTM 20200101000000+0 x\r\n",
		"SITE USER ADD \"a --x\r\nSITE PSWD a b\r\nSITE HELP USER\r\nSITE IDLE 5\r\nSITE MKDIR a/b\r\nSITE UTIME x 1\r\nLANG\r\nCSID\r\nMD5 x\r\n",
		"\xff\xf4\xff\xf2ABOR\r\nREST 5\r\nSTOR \xff\xff\r\nMFMT 20200101000000 x\r\nQUIT\r\n",
	} {
		f.Add([]byte(input), true)
		f.Add([]byte(input), false)
	}
	engine := New(Config{
		FS: emptyFS{}, Planner: emptyFS{}, Authenticator: Anonymous{}, Access: ReadWrite, Banner: "ready",
		Log: slog.New(slog.DiscardHandler), LoginTimeout: time.Minute, IdleTimeout: time.Minute, DataTimeout: time.Minute, Now: time.Now,
	})
	f.Fuzz(func(t *testing.T, input []byte, login bool) {
		server, client := net.Pipe()
		client.SetDeadline(time.Now().Add(10 * time.Second))
		done := make(chan struct{})
		go func() {
			defer close(done)
			engine.Serve(t.Context(), server, Door{})
		}()
		go func() {
			if login {
				io.WriteString(client, "USER ftp\r\nPASS x\r\n")
			}
			client.Write(input)
			io.WriteString(client, "\r\nQUIT\r\n")
		}()
		for in := bufio.NewReader(client); ; {
			line, err := in.ReadBytes('\n')
			if errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error("the session does not end")
			}
			if err != nil {
				break
			}
			if !answerLine.Match(line) || bytes.ContainsAny(line[:len(line)-2], "\r\x00") {
				t.Errorf("%q", line)
			}
		}
		client.Close()
		<-done
	})
}
