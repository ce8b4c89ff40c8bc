// Package listing reads what FTP servers say about a directory: the text of
// LIST, STAT and MLSD, the line of MLST, the reply to MDTM, and the files that
// `ls -lR` writes. It is pure: it reads no clock, no disk and no network.
//
// A line that is not understood is an error that names the line, and is never
// skipped: a directory that lacks one name is another directory, and its digest
// would be wrong. What was understood is returned beside the error.
//
// # LIST and STAT
//
// There is no standard for LIST. Each line is read by itself, in the form that
// its beginning tells:
//
//	drwxr-xr-x   2 ftp ftp     4096 Jan 05 12:00 name    the long form of ls
//	01-05-23  12:00PM       <DIR>          name          Windows
//	+i8388621.48594,m825718503,r,s280,<TAB>name          EPLF
//
// Empty lines and `total N` are nothing. A line ends in LF; one CR before it
// belongs to the line's end and not to the name. Blanks before a line are
// nothing either (STAT replies are indented by some servers).
//
// The long form is a mode; the number of links and whatever else stands before
// the size (owner and group, which may be numbers, hold blanks, or be absent);
// the size, or major and minor number of a device; a date; exactly one blank;
// and the name, which is everything that is left. The date is the first thing
// behind the second field that reads like one:
//
//	Jan  5 12:00          Jan  5  2023         Jan  5 12:00:00 2023
//	5 Jan 12:00           5. Jan 2023          (English names of months)
//	2023-01-05 12:00      01-05 12:00          2023-01-05 and two blanks
//	2023-01-05 12:00:00.000000000 +0100
//
// Dates in other languages are not understood, and care is taken that none is
// read as a part of the owner with a date found in the name instead.
//
// A leading block count (ls -s) and a mark behind the mode (+ . @) are allowed.
// NetWare's rights in brackets are a mode too, and the only one whose date is
// followed by more blanks than one; names there lose leading blanks. A link is
// `NAME -> TARGET`. Where the arrow occurs more than once, the size, which is
// the length of the target on honest servers, tells which one is meant, else
// it is the first.
//
// Windows pads directories to a column, so there a name's leading blanks are
// told from the padding only as far as that column is kept. Windows' junctions
// and symbolic links are `NAME [TARGET]`. A year of two digits makes an unknown
// date. EPLF (https://cr.yp.to/ftp/list/eplf.html) and Windows are forms in
// which links may look like what they point to: see [Listing.HidesLinks].
//
// # MLSD and MLST
//
// RFC 3659, section 7: facts, each ended by a semicolon, then one blank and the
// name. The type must be told; size and modify make an unknown size or date
// where they are absent.
//
// # Recursive listings
//
// [ParseRecursive] reads blocks: the heading of a directory, its lines, an empty
// line. What servers send to LIST -alR (recorded in testdata/golden):
//
//	            first heading   others    empty lines
//	vsftpd      .:              ./pub:    one before a heading
//	proftpd     none            pub:      one before a heading
//	pure-ftpd   none            ./pub:    two before a heading and one below it
//	ls -lR      .: or a path    ./pub:    one before a heading, "total N" below it
//
// All of them put a directory's block behind that of its parent, next after it
// all that is below it (the parent's subdirectories may come in any order), and
// no directory twice. A directory that may not be read has a heading and nothing
// else, or no block at all; what shows "." was read. So a caller can check that
// each block is of a directory that an earlier one showed and that none came for
// before, and knows at the next block outside of it what a directory lacks.
//
// # Sizes, names, dates
//
// A size is decimal, without sign or leading zeros, and below 2^63. Names and
// targets are the raw bytes of the line, never decoded and never trimmed.
// Names that break the rules (an empty one, one with a slash or NUL) are
// entries all the same: [digest.Clean] judges them. The names "." and ".." are
// no entries but [Listing.Self] and [Listing.Parent]. A line whose name begins
// with a dot is an entry whatever else is wrong with it, because digests leave
// such names out first of all (docs/digest-v1.md); what it does not tell is
// unknown.
//
// Dates stay as they were printed, as a [Stamp], until [Dates] makes UTC days
// of them.
package listing
