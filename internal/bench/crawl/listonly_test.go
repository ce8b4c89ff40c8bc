package main

import (
	"net"
	"net/textproto"
	"strings"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/localfs"
)

// The server has what a plain walk needs, and nothing that would be quicker.
func TestListOnly(t *testing.T) {
	folder, err := localfs.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		done <- distftp.New(distftp.Config{FS: folder}).Serve(t.Context(), poorListener{ln.(*net.TCPListener)})
	}()
	defer func() {
		ln.Close()
		<-done
	}()
	conn, err := textproto.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, step := range []struct{ command, code string }{
		{"", "220"}, {"USER anonymous", "331"}, {"PASS x", "230"}, {"pwd", "257"}, {"CWD /", "250"},
		{"STAT /", "502"}, {"stat .", "502"}, {"MLSD", "502"}, {"MLST", "502"}, {"FEAT", "502"}, {"NLST", "502"},
		{"EPSV", "229"}, {"QUIT", "221"},
	} {
		if step.command != "" {
			if err := conn.PrintfLine("%s", step.command); err != nil {
				t.Fatal(err)
			}
		}
		line, err := conn.ReadLine()
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(line, step.code+" ") {
			t.Errorf("%s: %s, not %s", step.command, line, step.code)
		}
	}
}
