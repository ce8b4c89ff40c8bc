package health

import (
	"context"
	"net/netip"
)

// A Lookup finds the addresses of a name in one family. The error for a name that
// has none there is a *net.DNSError of which IsNotFound is true.
type Lookup func(ctx context.Context, f Family, host string) ([]netip.Addr, error)
