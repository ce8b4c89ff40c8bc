//go:build !chaos

package matrix

// shared says that each foreign server has its share of what is tried below aliases.
const shared = true

// linkSample is that of some clients.
func linkSample() []cell {
	return sample([]*client{curl, wget, lftp, ncftp, tnftp, ftplib, netftp}, func(c cell) bool {
		return c.operation.name != "20,000 entries"
	})
}
