// Package wire is what master and slave say to each other.
//
// # Who decides
//
// The master's database is the truth about names. A slave's names change in one way only:
// by [Intent]s, which the master commits to its database together with the change that
// they follow from, numbered in one order for each slave, and delivers until they are
// applied. A slave applies each once and in order, and keeps how far it has come together
// with what it did, so that a repeat after a lost answer does no harm.
//
// Content comes before its name: an upload, or a copy from another slave, is received
// under the number of its operation, synced ([Prepared]), and shows under a path only by an
// intent to publish it. Prepared content of which the master's database knows nothing when
// the slave comes back is forgotten.
//
// # Reading
//
// What is read is named by path and version ([Ref]). A request has the number of the last
// intent for the slave that the master knew of; the slave waits until it has applied that,
// and refuses if it then has another version, or none. So no other content is ever sent in
// place of what the master meant.
package wire
