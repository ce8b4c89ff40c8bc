// Package testbed gives tests real programs on loopback: FTP servers, a MariaDB
// server, folders with awkward content, and digests computed without any of our
// code. It imports nothing else of this module, so that every package's tests may
// use it.
//
// Everything is private to the test that asked for it: an own port on 127.0.0.1,
// an own folder, an own process group. Everything is gone at the end of the test;
// should the test process die first, a watchdog (see reaper.go) clears up. What is
// not installed makes the test skip by name (see [Need]); scripts/test-deps.sh
// installs all of it.
//
// README.md beside this file says why each server runs with the options that it
// does, and what each of them answers to awkward requests.
package testbed
