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
// The disk of this machine ([Disk]) is one holder of files. Others are elsewhere: see
// below.
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
// # Holders elsewhere
//
// A [Remote] is the file of a transfer at a holder elsewhere, which can meet the client
// itself (direct), or us, who pass the bytes on (relay). A plan has them in an order, and
// executing it is to try one way after the other, the direct ones first, for as long as
// nothing has flowed. What is tried depends on where the client can be met:
//
//   - It listens (PORT, EPRT): each holder dials it, and if none gets through, we do.
//   - It was told to come to a holder (PASV): that [Rendezvous] is part of an [Invitation],
//     as it may as well come to us, under the same port number. If it comes to the holder,
//     that sends what it has, or fetches what another has (slave-relay), or passes its
//     connection on to us, for listings. If it comes to us, we relay.
//   - It comes to us: we relay.
//
// Where no holder can do it, and nothing has flowed, another plan can follow
// ([Plan.Otherwise]): a foreign server that fails is replaced within the same transfer,
// unless the client went there.
//
// How a transfer travelled in the end, and why, is its [Route].
//
// # Time
//
// A meeting has a time limit. After it, what counts is progress: a transfer lasts as
// long as it needs while bytes flow, and ends when none could be moved for the
// stall limit.
package data
