package testbed

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports below the range that the kernel gives to outgoing connections (32768 and
// up), so that none of those takes a port between its choice and its use.
const (
	firstPort = 12000
	lastPort  = 32000
)

// freePort finds a port on 127.0.0.1 for a server that wants a number told.
func freePort() (int, error) {
	var last error
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			last = err
			continue
		}
		l.Close()
		return port, nil
	}
	return 0, fmt.Errorf("no free port between %d and %d: %w", firstPort, lastPort, last)
}

// FreeAddress returns an address on 127.0.0.1 where nobody listens.
func FreeAddress() (string, error) {
	port, err := freePort()
	return fmt.Sprintf("127.0.0.1:%d", port), err
}
