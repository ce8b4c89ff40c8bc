//go:build !chaos

package integration

// How large the tests of every day are; make chaos runs the same tests larger.
const (
	copiedDirs = 1000 // directories of a site that is copied a hundred times
	killEvery  = 20   // listings between the instants at which a crawler is killed
	resetEvery = 149  // bytes between the points at which connections are reset
)
