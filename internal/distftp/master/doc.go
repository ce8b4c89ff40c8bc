// Package master joins what a distributed FTP server is made of: names in a database
// (catalogue), slaves that hold the files (wire, over a link), and control connections
// (control), whose plans it makes.
//
// # A slave joins
//
// [Master.Joined] runs for as long as a slave's link lives. It checks that the slave has
// the storage folders that it always had, has it forget prepared content that nobody will
// commit, and brings it the intents that it has missed. Then the slave takes part, though
// it may not have been compared yet: what is read is named by version, so that nothing
// wrong is ever sent. If its names are what they were when the two were last known to
// agree, nothing needs to be compared; otherwise master and slave go down from the root
// where their digests differ (see [Master.compare]).
//
// # A transfer
//
// [Master] is the planner of control connections. A plan names the slaves that may be used,
// the best first, as [data.Remote]s: each can meet the client itself, or be reached at its
// relay port. Which it is, the session decides. Bytes never wait for the database, and the
// database is asked only for what the cache does not have.
//
// # An upload is kept
//
// The slave has received it, and says so only after its disk has ([wire.Prepared]). Then one
// transaction commits name, copy and the intent to publish it, and the reply to the client
// waits for the slave to have done that. Where the link breaks in between, content and intent
// are both on disks, and the client is told so all the same.
//
// An upload of which it is not known whether it was committed, because the database was
// lost at that moment, is not forgotten at the slave until that is known: at its next join.
//
// # Several masters
//
// Masters that share a database are alike. Each has links to all slaves, and brings them
// intents, whoever committed those; slaves pass over what they have applied.
package master
