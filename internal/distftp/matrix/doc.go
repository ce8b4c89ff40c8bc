// Package matrix tries clients that others wrote on ftpd, each in every way of opening a
// data connection that it has, under every protection that it has, with every operation
// that it has. It has no code of its own, only tests.
//
// A [client] is one file here: what it lacks, with the reason, and how it is driven.
// Everything else is tried, so that nothing can be left out in silence. A cell counts
// only if the bytes arrived, on the disk of the one that should have them, and if the
// server's log shows that the client opened its data connections in the way meant.
//
// Among the tests of the project is a sample in which each client does each operation,
// each way and each protection at least once, and as many pairs of these as go into it.
// `make matrix` tries all cells and writes docs/ftpd-clients.md.
package matrix
