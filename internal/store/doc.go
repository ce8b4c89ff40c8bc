// Package store keeps what the tracker knows: trees, sites, snapshots, the
// progress of running crawls, leases, how the last crawls went, what is doubted
// of them and what they remember for the next. It is the
// only package that knows SQL, and it speaks to SQLite (one file, one machine)
// and to MySQL and MariaDB (also as a cluster) with the same statements; what
// differs stands in a dialect.
//
// # Trees
//
// A tree (docs/tree-v1.md) is immutable and is one row under its identity,
// whatever number of sites hold it: its digests and totals, its branches in one
// column and its leaves in another, so that who only descends, such as a crawl
// that goes on from its progress, does not read files; the resolver's index,
// which has the names of files too, reads both. Such a column begins with a
// byte for its encoding: 0, the text itself follows; 1, the text as a zstd frame
// follows. Writers ask which trees are there and send the others, in statements
// of at most 500 rows in order of identity, so that two writers of the same
// trees do not deadlock.
//
// # Snapshots
//
// A site's snapshots are numbered from 1 without gaps; the highest is in force.
// [Store.Publish] adds one in a single transaction, which also ends the crawl
// that made it, so that a snapshot is there as a whole or
// not at all. To learn of news, compare the snapshots of all sites: numbers of
// different sites have nothing to do with each other. [Store.Prune] deletes the
// oldest, so that those that are left have no gaps either.
//
// A crawl whose result is hard to believe is set aside as a [Suspect] instead,
// one of a site at most, until a crawl is published or somebody accepts it.
//
// # Other trackers
//
// A snapshot that another tracker has made is put in force by [Store.Adopt], and says whose it
// was. The site may be known from others alone; then it is learnt, and nothing here
// crawls it or removes it, until somebody puts it as a site of our own. Of the trees
// of such a snapshot only those travel that are not here; the others are used where they
// are, through a [Keeper], which has the effect that putting them again would have.
// [Peer] and [Refusal] are who the others are, and what was not taken from them.
//
// # Progress
//
// A crawl keeps, from time to time, what it has learnt about its site, the
// topmost subtrees that it has finished, and the listings of the directories above
// them, one row each; they are right as long as what was learnt is. A site has a crawl if it has a row of such facts.
// Progress without one is dead: nobody reads it, it is deleted little by little,
// and no new facts are stored before all of it is gone. Whatever breaks off, the
// rows that are read are thus right under the facts that are read with them.
//
// # Collection
//
// Trees that neither a snapshot nor a suspect nor progress needs are deleted by
// [Store.Collect], which says how that goes together with crawls that put the
// same trees again at that moment. Its table condemned has the trees that are
// about to go; a row is there only as long as its tree is. Its table spared has
// what crawls under way have taken from progress that is gone.
//
// # Leases
//
// What only one process may do, such as crawling a site, is claimed by a lease:
// a row with an owner, a version that goes up with every new holder, and an
// expiry by the database's clock. It is taken by one conditional UPDATE. What
// is written under a lease checks owner, version and expiry again in its own
// transaction, and does so by writing the lease's row, so that a cluster that
// checks only what is written when it commits (Galera) sees the conflict with
// whoever took the lease over. A holder that slept too long thus changes nothing.
//
// # Transactions
//
// A transaction that lost against another is run again as a whole: MySQL's
// errors 1213 and 1205, a busy SQLite, and a row that somebody else inserted
// first. SQLite allows one writer and its waiting is not fair, so bulk writes
// are cut into short transactions with pauses as long as they took.
//
// Times are Unix seconds, so [time.Time] values lose their fractions here; the
// zero time is stored as 0. Paths are bytes.
package store
