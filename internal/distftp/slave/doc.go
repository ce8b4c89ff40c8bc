// Package slave is what holds files and moves their bytes, and does what a master says. It
// knows neither users nor commands; where files are on its disks is the matter of
// its storage (mirrortracker/internal/distftp/storage), and how masters reach it that of
// its links (mirrortracker/internal/distftp/link).
//
// # Where bytes go
//
// A slave meets a client at a port that it opened for it, or goes to the client's own; it
// sends a file there, or receives one, as mirrortracker/internal/distftp/data does it for a server
// without slaves. Masters and other slaves come to one permanent port, the *relay
// port*: whoever comes says 32 bytes first, a secret that a master drew for one transfer
// and told both ends. So no transfer needs a port of its own there, and none waits
// for an answer: the connection may come before the request, or after it.
//
//	client --- listener, or dialled -------- slave ---- its own file
//	client --- listener, or dialled -------- slave ---- relay port of another (the client came to the wrong one)
//	client --- master ----- relay port ----- slave ---- its own file
//	client --- listener -- slave (bridge) -- relay port --- master (a listing)
//
// # Who is trusted
//
// Masters are: they come by a link under mutual TLS. Clients are not, nor is whoever comes to
// the relay port before the secret was right. What strangers can take of a slave is bounded:
// listeners and waiting connections have time limits, and the oldest go first.
package slave
