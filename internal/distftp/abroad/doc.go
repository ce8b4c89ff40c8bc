// Package abroad tries what ftpd does with foreign FTP servers: the programs that others
// run, and scripted ones that do all that goes wrong. It has no code of its own, only
// tests.
//
// All is on a network where ftpd, its clients and the foreign servers are hosts of their
// own, with addresses as on the Internet. A file has the same size and date everywhere,
// and other bytes at each server, so that the bytes tell whom they came from.
package abroad
