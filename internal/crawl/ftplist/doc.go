// Package ftplist lists the directories of an FTP site for a walk.
//
// There are several strategies, tried in this order; each leaves to the next what it
// cannot do, and all give the same entries (docs/crawling.md says more):
//
//   - Index takes the listings of a whole site from the ls-lR file that it publishes.
//   - Stat has many directories under way at a time: STAT answers on the control
//     connection.
//   - Recursive asks for whole subtrees with LIST -alR.
//   - Pipelined uses a data connection for each directory and asks for the next one
//     before the present listing has ended.
//   - Single lists one directory after the other, by LIST -a, and by MLSD where that
//     does not tell all. It is the measure of the others: they are compared with it
//     before they are believed, and leave to it whatever is not clear.
//
// A directory is entered with CWD and then listed without a path, because some
// servers take a path with a blank in it for options or for two paths.
//
// LIST -a shows links as links everywhere. It counts as complete only with the "."
// line that -a brings, since several servers answer a directory that may not be read
// with an empty listing (docs/digest-v1.md, "Refusals that look like answers"). Its
// dates are in a zone that the server chooses; they are taken as UTC and compared with
// MDTM. MLSD has dates in UTC, but some servers follow links in it, so that a link to a
// directory looks like a directory. It is believed alone once it has shown a link as a
// link that a server could have followed; until then it is compared with LIST in every
// directory.
//
// A [Source] holds what was learnt about the site; it is shared by the listers of one
// walk, one for each connection. Facts matter for what a listing means and are kept
// with the progress of a crawl; habits are good to know for later crawls too. When a
// Source learns that earlier listings of the walk were wrong (dates in another zone,
// say), it answers with a [crawl.RestartError], and the walk that begins again with the
// same Source is not wrong in that way any more.
package ftplist
