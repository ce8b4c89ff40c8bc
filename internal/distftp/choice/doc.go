// Package choice says which slave is to send a file, to receive an upload, or to give or
// take a copy.
//
// Every slave that comes into question has a sum of points; the fewer, the better. The
// terms ([Term]) are:
//
//	transfers    10 for each transfer under way at the slave, or reserved on it
//	throughput   1 for each MiB a second that it sends now (receives, for what is to be stored)
//	space        100, times the share of its disks that is taken, for what is to be stored
//	distance     1 for each 10 km between it and the client, as mirrortracker/internal/nearest has it
//	family       50 if it has no address of the client's family, so that it cannot meet it
//	rule         -100 where a rule prefers it for the path, 1,000 where a rule avoids it
//
// Among those within [Near] points of the least one is drawn, each with the same
// probability.
//
// What is chosen counts at once: a [Choice] is a reservation until it is released, so that a
// burst of requests does not pile up on a slave whose load shows only later. Reports of
// slaves hold what other masters have reserved and begun; from those our own reservations
// at the time of the report are subtracted, so that nothing counts twice.
//
// Not every slave comes into question: not one that is away, is being drained or has a disk
// that takes nothing, for uploads, nor one without room for a file whose size is known, nor
// one that a rule keeps out. Why one does not is part of the answer, see [Sum].
package choice
