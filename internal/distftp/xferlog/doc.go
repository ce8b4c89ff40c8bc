// Package xferlog writes records of what sessions of the FTP server did, one line each:
// transfers in the format of wu-ftpd, which its successors and the programs that count
// transfers know as xferlog(5), and as JSON everything that is worth a record.
//
// No session waits for the file, see [mirrortracker/internal/accesslog].
package xferlog
