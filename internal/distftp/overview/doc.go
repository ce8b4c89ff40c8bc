// Package overview shows people how a distributed FTP server is: its slaves, with state,
// load and space; where a file is, and how it would come to a client; and which slave
// would be chosen for it, and why. What "ftpd status" shows and what SITE SLAVES shows
// is the same.
package overview
