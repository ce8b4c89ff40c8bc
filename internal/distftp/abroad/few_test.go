//go:build !chaos

package abroad

const (
	sampled = 7   // which part of the faults is tried with slaves, too: one in so many
	draws   = 300 // downloads from which the shares are seen

	crowd  = 100 // clients at once
	rounds = 3   // downloads of each of them

	linked = 5 // of as many kinds of links one is tried
)
