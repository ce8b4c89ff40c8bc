// Package foreign is about other people's FTP servers, which this one logs in to: to
// show their directories as its own, and to have them meet clients in its place.
//
// A [Server] is where one is and how to log in. All that is asked of it goes through its
// [Pool]: a bounded number of control connections that all sessions share. A connection
// is idle, when it is kept alive and closed after some minutes, or checked out ([Conn])
// by one user, for one question or for a whole transfer. Who finds none waits in a
// queue, first come, first served.
//
// A server that fails rests: its [Pool] refuses at once, first for [FirstRest], then,
// each time that a single try fails again, for twice as long, up to [LongestRest].
//
// What a server allows ([Abilities]) is tried out by [Pool.Probe], and corrected by what
// happens in use.
//
// A [Transfer] is a file there as one holder of a plan ([Download], [Upload]): the server
// meets the client itself, at the client's port or at one of its own ([Expect]), where both
// allow that, and else it meets us, who pass the bytes on.
//
// Everything that comes from such a server is bounded in time and memory by
// [mirrortracker/internal/ftpconn], and nothing that it says reaches clients as it is.
package foreign
