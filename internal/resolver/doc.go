// Package resolver answers, from memory, where else a path of a site can be had.
//
// An [Index] holds the current snapshot of every site: each distinct tree once,
// however many sites and places share it, with the names of its files. It is
// immutable, but for what it remembers of answers. [Live] keeps one index in
// force and swaps in the next when a site has a new snapshot.
//
// # Trees
//
// Trees are numbers in a stack of mapped segments (package segment), outside of
// the garbage collector's heap. Successive indexes share segments: the trees of a
// new snapshot that are not held are read from the source in batches, several at a
// time, and become one more segment; the swap is that of one pointer. If sites
// take long to load, those that are loaded go into force before the others. A site
// whose trees cannot be had keeps the snapshot that it has; one that is pruned
// while it is loaded gives way to the newer one at once.
//
// In the background, the youngest segments are merged, so that they remain few,
// and now and then all of them, which drops the trees that nobody holds any more.
// If there was a new snapshot meanwhile, what is new in it is loaded once more on
// top of the merged segments.
//
// With a cache folder ([Options.Cache]), segments are files in it, and a file
// beside them says what the sites have. So a restart reads only what is new, and a
// start without the source serves what was kept and says so ([Status.Cached]). What
// is damaged is made anew.
//
// # Resolving
//
// A URL, a host with a path or a site's name with a path names a site and a
// path on it ([Index.Locate]; of several bases that fit, the longest). The path
// is walked from the site's root as far as it goes, through symbolic links.
// Only a path that is known whole, as a directory or a file, is ever sent
// elsewhere; names that begin with a dot are in no tree, so no path with one is.
//
// What a path turned out to be is remembered as a place, in bounded memory: the
// real directory, its tree, and its replicas once they were looked for. A file is
// then found by one look-up of its directory's path and one of its name, without
// allocating. Places belong to one index; the next begins without any.
//
// Links are resolved when the index is built, for each pair of root and base
// path, into a table from the link's place to the real directory or file: at most
// 40 links are followed for one entry (as Linux does), a relative target starts at
// the link's directory, an absolute one at the server's root, above the site's
// base. A link that loops, dangles, ends outside of the site, passes above the
// server's root or has a target of more than 4,096 bytes is in no table, so that
// paths through it are not known. Package forest follows links by the same rules.
//
// # Replicas
//
// Let the chain of a directory be the trees from its site's root down to
// itself. Wherever a tree stands that has the same digest as one of the chain,
// the rest of the path carries over, because equal digests mean equal names
// below: that place is a candidate. So candidates are the union over all trees
// of the chain, by either digest. Candidates at one place are one: its class is
// [Exact] if any tree of the chain matches there exactly, else [Blind], and its
// [Evidence] is the highest tree of the chain that matches by that class.
// For a file its directory's replicas are the answer, since even the blind
// digest vouches for names and sizes. Trees without digests and empty
// directories are never looked up.
//
// The index has, for every digest, the trees that carry it, and for every
// tree, the trees that hold it and under which name; climbing from a match to
// the roots yields its places. A climb stops where the tree above is matched too,
// under the name that it has in the asked path: that match was found one level
// higher.
//
// The replicas of a directory are a [Set]. It is made from that of the directory
// above, by looking only at the matches of the directory itself: a member stays
// one below, one that matches blindly may match exactly from here on, and new ones
// may come. Where nothing does, both share the set, which is the rule. Therefore a
// [Member] tells the place of its highest match, and the rest of the path comes
// from the asked one.
//
// # Doubt
//
// Small directories are equal by accident. A match counts if [Doubt] says so,
// by the number of files, the bytes, or the names of the directories above; a
// candidate is a replica if any of its matches counts and is listed as doubtful
// otherwise. The original is a replica of itself and never in doubt.
//
// The similarity of two directories is the number of trailing directory names
// that their full paths, the bases of the crawl URLs included, have in common,
// byte by byte.
//
// A directory that is too small to count by itself is climbed from only along
// names of the asked path, as many as Doubt wants, so that a licence file that
// stands in thousands of places is not looked for in all of them. With each
// directory further down one name less is wanted, since the names below a match
// are equal. Doubtful candidates are searched for anew where they are to be shown.
//
// # Nearly equal directories
//
// Where the directory of a file has no replica, its counterparts are looked for:
// where another site replicates a directory in it, or beside it, or beside one
// above it, under the same name, the counterpart must stand next to that. The two
// directories are compared from the top down where their digests differ. A file
// that is in both with the same name, size and date is offered as class [File],
// with the number of entries that differ.
//
// # Bounds
//
// No site is to harm the answers for others, whatever it holds. A site whose
// trees are too deep or take too much memory is a [Problem]. The table of links
// of a hierarchy is bounded by its size and by the work for it; the links beyond
// lead nowhere and the site is [Tracked.Crowded]. The work for one request is
// bounded whatever the index holds: by steps for each directory of the chain
// ([Options.MaxSteps]) and for all of them, and by the length of the paths that
// are found. Those above come first, which have the most evidence; where the steps
// did not suffice, the set is capped, and what was found of the directories above
// is there for the next request. Building ends soon when its context does.
package resolver
