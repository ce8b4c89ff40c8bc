// Package storage keeps a slave's files on its disks.
//
// Files stand under their paths, in one or several folders, each of one file system, so that
// the operator finds them there. An index (SQLite) says of each which version it is, its size and checksums,
// and in which folder it stands, and of each directory its sync digest ([wire.SyncDigest]).
// What belongs to the storage itself stands in a folder .ftpd-slave in each: who it is, what is
// prepared, and in the first one the index.
//
// # Durable, and once
//
// Content is received under the number of its operation. When it is complete its file is
// synced, renamed to a name that holds number, size and checksums, and the folder is
// synced: then it is prepared, and nothing but that name says so.
//
// Names change by intents only ([Storage.Apply]). Each is done on the disk first, the
// folders that it changed are synced, and then one transaction writes the index, the digests
// and how far intents are applied. A slave that is killed in between gets the same intent
// again, as the master keeps it until it is told that it is applied, and it does no harm
// where it is done already: prepared content is linked to its path, and keeps its own
// name until the transaction is over; what is to be moved or removed may be gone. What is
// moved has no other name, so that the directories for it are synced first. Several
// intents are one transaction if none touches what another one does, so that this holds
// for any part of them that reached the disk.
//
// So nothing needs to be looked at after a crash: content that was not complete is removed
// when the storage is opened, and the rest is as the index has it, but for what the intents that
// were under way have done to the disks. Until a master has brought these again
// ([Storage.Settled]), files that seem missing, new or changed are not looked into.
//
// # What others do to the disks
//
// A file is read only if it is the one that the index knows, by inode, size and modification
// time. What is not is checked again, by its checksum where there is one. Files that came
// from elsewhere are found by scans ([Storage.Scan]) and have version 0 until the master adopts
// them. They are never removed or overwritten by an intent that means another file, but
// moved aside.
//
// Files at rest are read again at a low rate ([Storage.Run]). What is damaged leaves the
// index and the digests, so that the master misses it, and is told ([Storage.Damaged]); it is
// kept in .ftpd-slave/damaged until the master has it removed.
package storage
