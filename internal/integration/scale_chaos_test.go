//go:build chaos

package integration

import "time"

// How large the tests of make chaos are.
const (
	copiedDirs = 20_000
	killEvery  = 1
	resetEvery = 1
	kills      = 50

	survivedDirs = 18_000
	betweenKills = 5 * time.Second

	servedWithout = 10 * time.Minute
	restarts      = 50
)
