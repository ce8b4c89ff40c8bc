// Package ftplist lists the directories of an FTP site for a walk.
//
// A directory is entered with CWD and then listed without a path, because some
// servers take a path with a blank in it for options or for two paths. There are
// two ways of listing:
//
//   - LIST -a shows links as links everywhere. It counts as complete only with
//     the "." line that -a brings, since several servers answer a directory that
//     may not be read with an empty listing (docs/digest-v1.md, "Refusals that
//     look like answers"). Its dates are in a zone that the server chooses; they
//     are taken as UTC and compared with MDTM.
//   - MLSD has dates in UTC, but some servers follow links in it, so that a link
//     to a directory looks like a directory. It is believed alone
//     once it has shown a link as a link that a server could have followed; until
//     then every directory is listed both ways and compared.
//
// A [Source] holds what was learnt about the site; it is shared by the listers
// of one walk, one for each connection, and kept with the progress of a crawl. When it learns that earlier listings of
// the walk were wrong (links followed, dates in another zone), it answers with a
// [crawl.RestartError], and the walk that begins again with the same Source is
// not wrong in that way any more.
package ftplist
