// Package crawl walks one site and turns it into trees.
//
// A [Walker] lets each [Lister], one for each connection, take directories, the
// deepest first unless it wants otherwise, and finishes directories children first: a
// tree is handed on as soon as everything below it is known, so that memory follows
// the depth and breadth of what is open and not the size of the site.
//
// What goes wrong is told apart:
//
//   - A directory that the server refuses, that it truncates, that cannot be
//     understood or that passes one of the limits for a directory is recorded as
//     incomplete, with the reason, and neither it nor anything above it gets a
//     digest. The walk goes on.
//   - A connection that fails is opened again, with growing pauses, and the
//     directory is asked for again. When that does not help, or when the site
//     passes a limit for the whole of it, the walk fails and nothing is
//     published.
//
// [Job] is a walk with everything around it: the lease, the store, the progress from
// which an interrupted crawl goes on, what is remembered of the site, and the snapshot
// that is published at the end, all at once. One that found far less than those before
// it is set aside until another crawl confirms it ([SuspectError]), and a site that
// answers differently from visit to visit is marked as flapping.
package crawl
