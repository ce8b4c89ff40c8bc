// Package siege holds no code, but tests that attack ftpd as a process: with more
// connections, commands and handshakes than it can serve, from clients that never read,
// never write and never come. While an attack lasts, a client at an address of its own
// does what clients do, and all of it must work; in the end the server's memory and log
// must be small.
package siege
