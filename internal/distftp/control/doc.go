// Package control answers FTP control connections: commands in, replies out.
//
// # Shape
//
// An [Engine] holds what all sessions share; [Engine.Serve] is one session. A command
// line goes through lines (cut, bounded, freed of Telnet commands), parse (verb and
// argument, as bytes) and the table of commands to a method of session; those stand
// one file per family:
//
//	access.go      USER PASS QUIT NOOP
//	host.go        HOST REIN
//	client.go      ACCT LANG CLNT CSID
//	protection.go  AUTH PBSZ PROT CCC SSCN CPSV, with secure.go: TLS itself
//	parameters.go  TYPE MODE STRU SYST FEAT OPTS
//	directory.go   PWD CWD CDUP
//	dataport.go    PASV EPSV PORT EPRT CEPR, with elsewhere.go, habits.go: who goes where
//	pret.go        PRET
//	facts.go       SIZE MDTM MLST, with perm.go: the perm fact
//	listing.go     LIST NLST MLSD STAT, with lsoptions.go, glob.go, listsource.go, listdir.go
//	retrieve.go    REST RANG RETR
//	store.go       STOR APPE STOU ALLO
//	change.go      DELE RMD MKD RNFR RNTO MFMT MFF
//	checksum.go    HASH MD5 XCRC XMD5 XSHA... AVBL
//	site.go        SITE: CHMOD UTIME SYMLINK MKDIR CPFR CPTO UMASK IDLE
//	who.go         SITE WHO, KICK
//	oversee.go     SITE SLAVES, EXPLAIN, SLAVESELECT
//	manage.go      SITE USER, GROUP, PSWD
//	transfer.go    what happens while a transfer runs: ABOR, STAT
//
// A new family is a new file and lines in the table. Errors of the file system become
// replies in fail (errors.go), those of transfers in finish (transfer.go), and
// nowhere else.
//
// # Holders elsewhere
//
// Where the planner is a [Host], files can be elsewhere, and PASV, as far as it can be told
// then which file it is for, tells the client to go there: after PRET, or after SIZE, MDTM
// or MLST, which most clients send before they fetch a file. Some clients do not go to
// addresses other than ours, refuse to be told of them, or accept no connection from
// there. What they do is remembered for an hour, and they are relayed.
//
// # Order and time
//
// Commands are answered strictly in order, one reply (or, for transfers, a 150 and a
// reply) each, also when they arrive pipelined; replies leave when no further command
// has arrived. While a transfer runs, commands are read on and wait for its end, at
// most [backlog] of them. Three are looked at early: ABOR breaks the transfer off (426,
// and 226 in its own turn), STAT without an argument is answered at once if nothing
// waits before it, and QUIT means that the end of the connection does not break the
// transfer off.
//
// One goroutine serves an idle session. A transfer adds one; it ends by setting a
// deadline in the past on the control connection, which wakes the first from its read.
//
// A command must have arrived whole within the idle limit, however many bytes of it
// trickle in, and the login within the login limit: then 421.
//
// # Protection
//
// After AUTH the session begins anew under TLS. Its tickets hold a name of its own, so
// that a data connection that resumes the control connection's TLS session can be told
// from one that resumes another's; a server can insist on that ([TLS]). Certificates and
// keys for tickets are the engine's, and shared by all sessions.
//
// # Changing files
//
// Whether a session may do something is asked of its [Access] first, by path and right,
// for every command that names something. 226 after an upload, and 250 or 257 after any
// other change, mean that it lasts: see [Writer] and [data.Sink]. An upload whose client
// closed the control connection, other than after QUIT, is not kept.
//
// # Names
//
// A name is bytes, from the line to the file system and back. CR, LF and NUL end in 501
// before any argument is looked at. Names on disk that hold them cannot be listed;
// a listing shows the rest and ends with 550 instead of 226, never as if complete.
package control
