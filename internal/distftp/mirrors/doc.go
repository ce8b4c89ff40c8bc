// Package mirrors knows which foreign FTP servers stand in for us: the aliases, paths at
// which the tree of one appears; the mirror entries, groups of such servers with weights;
// and the directories that are bound to one. They are in the FTP server's database. The
// semantics are those of Dftpd's remote mirrors.
//
// # The view
//
// What sessions need to know is a [View], which they have for a pointer load. It is made
// anew when the version in the database has changed, which is looked for every second: so
// that several masters on one database see each other's changes.
//
// # Passwords
//
// They are sealed with a [Key], which stands in a file, so that the database tells nobody.
// Each is opened only as that of its path, server, user and kind of TLS.
//
// # The draw
//
// The share of a member of an entry is its weight over the sum of all weights, drawn for
// each transfer ([Draw]). One member is the default, the first that was added until another
// is made it: it takes the place of one that fails.
package mirrors
