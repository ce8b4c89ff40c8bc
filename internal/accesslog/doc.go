// Package accesslog writes lines about requests, or transfers, without keeping any
// of them waiting: a line is copied into a buffer, which goes to the file when it is
// large enough, and once a second at least. What comes faster than the file takes
// it is dropped and counted. The buffer is bounded.
//
// A line is made by appending to a slice; [AppendQuoted] and [AppendJSON] write
// what clients choose, so that it neither ends the line nor its own quotes.
package accesslog
