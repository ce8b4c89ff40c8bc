package testbed

import (
	"errors"
	"fmt"
	"net"
	"strconv"
)

// What follows is for programs that are no tests, such as benchmarks: the same things
// without a test that they belong to. The watchdog clears up after such a program, too.

// Find returns the path of a program, as [Need] does. Its error says what is missing
// and how to get it.
func Find(name string) (string, error) {
	path, err := find(name)
	if err == nil {
		return path, nil
	}
	remedy := depsRemedy
	if p, ok := programs[name]; ok {
		remedy = p.remedy
	}
	return "", fmt.Errorf("missing %s: %w; %s", name, err, remedy)
}

// LaunchFTP starts a server as [StartFTP] does. The caller ends it with [FTP.Close].
func LaunchFTP(kind string, cfg FTPConfig) (*FTP, error) {
	if commands[kind] == nil {
		return nil, fmt.Errorf("testbed: no FTP server of kind %q", kind)
	}
	for _, name := range cfg.needs(kind) {
		if _, err := Find(name); err != nil {
			return nil, err
		}
	}
	path, err := find(kind)
	if err != nil {
		return nil, err
	}
	port, err := cfg.choosePort()
	if err != nil {
		return nil, err
	}
	dir, err := makeDir()
	if err != nil {
		return nil, err
	}
	s := &FTP{Kind: kind, Addr: net.JoinHostPort(cfg.host(), strconv.Itoa(port)), cfg: cfg, path: path, dir: dir}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close stops a server that was launched, and removes its configuration and log.
func (s *FTP) Close() error {
	s.Stop()
	return removeDir(s.dir)
}

// LaunchMariaDB starts a server as [StartMariaDB] does. The caller ends it with
// [MariaDBServer.Close].
func LaunchMariaDB() (*MariaDBServer, error) {
	for _, name := range mariaDBPrograms {
		if _, err := Find(name); err != nil {
			return nil, err
		}
	}
	dir, err := makeDir()
	if err != nil {
		return nil, err
	}
	return newMariaDB(dir)
}

// Create creates an empty database with a user of its own, and returns its URL as
// [MariaDBServer.Database] does.
func (s *MariaDBServer) Create() (url string, err error) {
	_, url, err = s.create()
	return url, err
}

// Close ends a server that was launched, and removes its data.
func (s *MariaDBServer) Close() error {
	s.Kill() // its folder is about to go
	return removeDir(s.dir)
}

// MakeDir makes a folder as [Dir] does. The caller removes it with [RemoveDir].
func MakeDir() (string, error) { return makeDir() }

// RemoveDir removes a folder that [MakeDir] made, with all its content.
func RemoveDir(dir string) error { return removeDir(dir) }
