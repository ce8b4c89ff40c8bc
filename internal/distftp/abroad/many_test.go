//go:build chaos

package abroad

const (
	sampled = 1      // which part of the faults is tried with slaves, too: one in so many
	draws   = 10_000 // downloads from which the shares are seen

	crowd  = 500 // clients at once
	rounds = 4   // downloads of each of them

	linked = 1 // of as many kinds of links one is tried
)
