//go:build !chaos

package integration

import "time"

// How large the tests of every day are; make chaos runs the same tests larger.
const (
	copiedDirs = 1000 // directories of a site that is copied a hundred times
	killEvery  = 10   // listings between the instants at which a crawler is killed
	resetEvery = 149  // bytes between the points at which connections are reset
	kills      = 3    // instants at which a crawl is killed

	survivedDirs = 1000            // directories of the site whose crawl is
	betweenKills = 3 * time.Second // on average

	servedWithout = 3 * time.Second // how long the redirector has no database
	restarts      = 3               // of programs that are asked all the time
)
