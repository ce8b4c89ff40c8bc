// Package hostile has FTP servers for tests that mean harm, or are broken beyond
// what anybody would expect: see [Behaviours].
//
// A [Site] is a tree that is served honestly in all the ways in which servers
// list (LIST, LIST -R, STAT, MLSD, an index file), as far as it offers them, but
// for what its Twist does to single directories, in whatever way they are asked
// for, and its Script to single commands. So a behaviour says what is wrong with
// a server without knowing how a crawler goes about listing it.
//
// What must hold for a crawler, whatever it does: the crawl of a Behaviour comes
// to its end soon, in bounded memory, in one of the ways that it names, with a
// message about it, and no digest is published that is not the honest tree's.
package hostile
