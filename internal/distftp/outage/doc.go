// Package outage ends masters, slaves and their database at any instant, and cuts them
// off, while clients change what they hold. It has no code of its own, only tests.
//
// Each client has a directory to itself and a [ledger] of what must be in it: what was
// acknowledged, and of a change whose answer was lost either nothing or all. After each
// outage everything is compared with that, content included.
package outage
