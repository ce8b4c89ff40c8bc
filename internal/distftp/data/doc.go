// Package data moves the bytes of transfers. It knows where client and holder meet
// and who holds the bytes; it knows neither commands nor replies.
//
// # The plan
//
// A transfer is decided before it happens, as a [Plan]: *who* holds the bytes (a
// [Source]: an open file, a listing) or is to have them (a [Sink]: an upload), *where*
// holder and client meet (a [Meeting]) and *why* it was decided so, for the log.
// [Plan.Execute] then does it, once. A control connection makes plans and executes
// them, and never touches bytes itself.
//
// Today there is one holder of files, the disk of this machine ([Disk]), and the
// meeting is always at this machine. A holder elsewhere will be another maker of
// plans, whose meetings are listened for or dialled there; the control connection
// will not see the difference.
//
// # Uploads
//
// An upload is received first and kept then, in one step ([Upload.Commit]) that comes
// only after all bytes are there, the client is still there ([Plan.Confirm]) and
// nobody has ended the transfer. Execute without an error means that the file is on
// the disk under its name; with one, everything is as it was, unless the disk failed at
// the very last.
//
// # Meetings
//
// [Listen] opens a listener for one data connection (PASV, EPSV) on the control
// connection's own address; [Dial] names the client's address (PORT, EPRT). RFC 2577
// rules who may take part ([Partner]): a listener drops connections that do not come
// from the control connection's peer and keeps waiting for the right one; an address
// that is not the peer's, or a port below 1024, is never dialled. Only who has the
// permission may name other hosts.
//
// # Time
//
// A meeting has a time limit. After it, what counts is progress: a transfer lasts as
// long as it needs while bytes flow, and ends when none could be moved for the
// stall limit.
package data
