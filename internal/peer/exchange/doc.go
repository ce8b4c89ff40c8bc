// Package exchange keeps a tracker's picture of the world up to date with what its
// peers have: it asks each of them from time to time, and when one says that it has
// something new; takes over what it is believed about; tells them when there is something
// new here; and learns from them which other trackers there are.
//
// Several processes may do this on one database: each peer is asked by one at a time.
package exchange
