package main

import (
	"net"

	"mirrortracker/internal/doors"
	"mirrortracker/internal/systemd"
	"mirrortracker/internal/ui"
)

// peersSocket is how the service manager calls sockets for the exchange with other
// trackers; at all others metrics are served.
const peersSocket = "peers"

// listeners returns where metrics and other trackers are served: at the sockets that the
// service manager passed, or where it passed none of a kind, at the address of the
// configuration, if that names one.
func listeners(metrics, peers string) (forMetrics, forPeers []net.Listener, err error) {
	passed, err := systemd.Passed()
	if err != nil {
		return nil, nil, err
	}
	for name, some := range passed.Listeners {
		if name == peersSocket {
			forPeers = append(forPeers, some...)
		} else {
			forMetrics = append(forMetrics, some...)
		}
	}
	if forMetrics, err = orListen(forMetrics, "crawler.listen", metrics); err != nil {
		return nil, nil, err
	}
	forPeers, err = orListen(forPeers, "peers.listen", peers)
	return forMetrics, forPeers, err
}

func orListen(passed []net.Listener, key, address string) ([]net.Listener, error) {
	if len(passed) > 0 || address == "" {
		return passed, nil
	}
	l, err := doors.Listen(address)
	if err != nil {
		return nil, ui.Hint(err, key+" of the configuration names another address and port")
	}
	return []net.Listener{l}, nil
}
