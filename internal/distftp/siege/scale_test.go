//go:build !chaos

package siege

// From how many addresses each of two attackers opens ten thousand connections, one time
// after the other: few enough to have several sessions each, or more than sessions.
var few, many = []int{20}, []int{10_000}

// How often ftpd is killed.
const rounds = 4
