package link

import (
	"net"
	"slices"
	"time"
)

// connects is how many connections [Network.ConnectTime] makes.
const connects = 9

// ConnectTime returns how long it takes to connect to a TCP address from within the
// network, which is a round trip: the median of some.
func (n *Network) ConnectTime(address string) (time.Duration, error) {
	var took []time.Duration
	err := n.Do(func() error {
		for range connects {
			began := time.Now()
			conn, err := net.DialTimeout("tcp4", address, 10*time.Second)
			if err != nil {
				return err
			}
			took = append(took, time.Since(began))
			conn.Close()
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
