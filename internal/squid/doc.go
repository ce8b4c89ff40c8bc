// Package squid lets the proxy Squid make use of what the tracker knows. It speaks
// three of Squid's languages, ICP being a fourth one that stands in the folder below:
//
//   - The lines of its helpers for rewriting URLs and for store identities
//     ([Request], [Reply]). A [Helper] is the program that Squid starts; it asks the
//     running redirector ([Serve]) over a unix socket, in the same lines.
//   - HTTP as proxies speak it among themselves ([Sibling]): absolute URLs.
//
// What there is to say comes from a [Decider], of which [Index] is the one that answers
// from the index in force. Squid is never kept waiting: a helper that has no answer
// in time says that there is none.
//
// docs/squid.md has the configurations of Squid that go with it.
package squid
