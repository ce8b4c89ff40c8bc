package main

import (
	"net"
	"os"
	"os/exec"
	"syscall"

	"mirrortracker/internal/bench/link"
	"mirrortracker/internal/testbed"
)

// A server serves a tree in the near network.
type server struct {
	name  string
	addr  string // host:port
	tree  *tree
	lists bool // a whole tree in answer to one LIST -lR
	close func() error
}

// A kind is a server that can be started.
type kind struct {
	name  string
	start func(near *link.Network, t *tree) (*server, error)
}

// The kinds of servers. vsftpd obeys LIST -R only where its administrator wants that, so
// it is there twice.
var (
	vsftpd      = kind{"vsftpd", real("vsftpd", true, true)}
	vsftpdPlain = kind{"vsftpd, no -R", real("vsftpd", false, false)}
	proftpd     = kind{"proftpd", real("proftpd", true, true)}
	pureFTPd    = kind{"pure-ftpd", real("pure-ftpd", true, true)}
	pyftpdlib   = kind{"pyftpdlib", real("pyftpdlib", false, false)}
	listOnly    = kind{"LIST only", startListOnly}
)

// mostEntries is how many entries pure-ftpd may show in one listing: more than the large
// tree has.
const mostEntries = 10_000_000

// real starts a server of the testbed.
func real(program string, recurse, lists bool) func(*link.Network, *tree) (*server, error) {
	return func(near *link.Network, t *tree) (*server, error) {
		config := testbed.FTPConfig{Root: t.root, Recurse: recurse}
		if program == "pure-ftpd" {
			config.MaxEntries = mostEntries
		}
		var ftp *testbed.FTP
		err := near.Do(func() (err error) {
			ftp, err = testbed.LaunchFTP(program, config)
			return err
		})
		if err != nil {
			return nil, err
		}
		return &server{addr: ftp.Addr, tree: t, lists: lists, close: ftp.Close}, nil
	}
}

// startListOnly starts this program as a server that has only LIST.
func startListOnly(near *link.Network, t *tree) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{tree: t}
	err = near.Do(func() error {
		ln, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer ln.Close()
		socket, err := ln.(*net.TCPListener).File()
		if err != nil {
			return err
		}
		defer socket.Close()
		cmd := exec.Command(self, "list-only", t.root)
		cmd.ExtraFiles = []*os.File{socket} // listenerFD in the new process
		cmd.Stderr = os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			return err
		}
		s.addr = ln.Addr().String()
		s.close = func() error {
			cmd.Process.Signal(syscall.SIGTERM)
			return cmd.Wait()
		}
		return nil
	})
	return s, err
}
