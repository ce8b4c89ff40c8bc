// Package copies sees to it that every file has as many copies as its rule wants
// ([choice.Rule]), on slaves of different racks, and no more.
//
// What there is to do follows from how things are, not from what happened: [Decide] looks at
// one file, its rule, the slaves that hold it and how these are, and names the next step.
// So work can be begun anew at any time, by any master, and what has meanwhile become
// needless, such as the repair for a slave that has come back, is not done.
//
// What is to be looked at stands in jobs, which are rows of the database, and are claimed by
// lease, so that they outlive a master, and several masters share them:
//
//	settle   look at one file. Made in the transaction that changed the file, where its rule
//	         wants more than one copy, and by sweeps
//	sweep    look at all files, or all that one slave holds, and make jobs for those that are
//	         not as they should be: when a rule was changed, a slave is lost, back, or
//	         to be drained; and once a day
//	damaged  a slave found that a copy of its own is not what it received: have it fetched
//	         anew from another one
//	fsck     compare a slave with the database, for an operator who waits for the answer
//
// A copy goes from slave to slave. It is verified by the checksum that was taken when the file
// was uploaded, and counts when it is on the disk and in the database. Only then may a
// surplus one go.
package copies
