// Package remote lays foreign FTP servers over the files of a server: trees of theirs appear
// at paths of ours (remote links), and downloads from directories of ours are divided among
// them (mirrored directories).
//
// An [Overlay] is, towards control connections, all that what is beneath it is: a file
// system, a planner, and what else these can be. What no alias and no binding is about it
// passes on as it is.
//
// # Remote links
//
// An alias is a directory. What is below it is looked up at the foreign server: entries in
// the listing of their directory, which is remembered for some seconds, sizes and times of
// files by asking for them. An alias need not lie in a directory that is there; the
// directories above it are then shown as if they were.
//
// Links at the foreign server are followed as long as they stay below the alias's root. That
// is looked at in the directories on the way as well, which takes their listings; where the
// server does not show these, what it does itself is trusted.
//
// Changes below an alias are made at the foreign server, if its login may. Nothing can be
// moved or copied between servers, and an alias itself is changed by SITE REMOTE alone.
//
// # Mirrored directories
//
// A download from a mirrored directory is with one of its members, drawn by weight among
// those that can be used: not resting, not failed for this client a short while ago, not
// found to have another file in this directory. Before a member is used its file is
// compared with ours ([Overlay.same]); one that differs is left out of the draws of that
// directory for a while, and reported. What cannot be had of the member that was drawn comes from
// the default member, and from ourselves if that fails too.
//
// Where the client comes to an address that PASV named, the draw is made then, for the file
// that the client was expected to fetch, and holds for the transfer.
//
// An upload into a mirrored directory is made if the draw is the local site, and refused with
// the reason otherwise: what was stored here alone would be another file than the members'.
package remote
