//go:build chaos

package siege

// A hundred thousand connections. See scale_test.go.
var few, many = []int{5, 20, 200}, []int{1000, 10_000}

const rounds = 100
