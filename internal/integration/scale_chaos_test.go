//go:build chaos

package integration

// How large the tests of make chaos are.
const (
	copiedDirs = 20_000
	killEvery  = 1
	resetEvery = 1
)
