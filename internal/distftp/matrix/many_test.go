//go:build chaos

package matrix

// shared says that each foreign server has its share of what is tried below aliases.
const shared = false

// linkSample is that of all clients.
func linkSample() []cell { return sample(clients, every) }
