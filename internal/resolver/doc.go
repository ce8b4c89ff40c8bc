// Package resolver answers, from memory, where else a path of a site can be had.
//
// An [Index] is immutable. It holds the current snapshot of every site: each
// distinct tree once, however many sites and places share it, with the names
// of its files. Successive indexes share the trees that did not change. [Live]
// keeps one index in force and swaps in the next when a site has a new
// snapshot.
//
// # Resolving
//
// A URL, a host with a path or a site's name with a path names a site and a
// path on it ([Index.Locate]; of several bases that fit, the longest). The path
// is walked from the site's root as far as it goes, through symbolic links.
// Only a path that is known whole, as a directory or a file, is ever sent
// elsewhere; names that begin with a dot are in no tree, so no path with one is.
//
// Links are resolved when the index is built, for each pair of root and base
// path, into a table from the link's place to the real directory or file: at most
// 40 links are followed for one entry (as Linux does), a relative target starts at
// the link's directory, an absolute one at the server's root, above the site's
// base. A link that loops, dangles, ends outside of the site, passes above the
// server's root or has a target of more than 4,096 bytes is in no table, so that
// paths through it are not known. Package forest follows links by the same rules.
//
// # Bounds
//
// No site is to harm the answers for others, whatever it holds. A site whose
// trees are too deep or take too much memory is a [Problem]. The table of links
// of a hierarchy is bounded by its size and by the work for it; the links beyond
// lead nowhere and the site is [Tracked.Crowded]. The search for one request is
// bounded by its steps and by the length of the paths that it finds. Building
// ends soon when its context does.
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
// the roots yields its places. The number of steps for one request is bounded
// ([Options.MaxSteps]); the chain is searched from the root downwards, so that
// the matches with the most evidence are found first.
//
// A climb stops where the tree above is matched too, under the name that it has
// in the asked path: that match was found one level higher.
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
package resolver
