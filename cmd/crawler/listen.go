package main

import (
	"net"

	"mirrortracker/internal/doors"
	"mirrortracker/internal/systemd"
	"mirrortracker/internal/ui"
)

// listeners returns where metrics are served: at the sockets that the service manager
// passed, or where it passed none, at the address of the configuration, if that
// names one.
func listeners(address string) ([]net.Listener, error) {
	passed, err := systemd.Passed()
	if err != nil {
		return nil, err
	}
	var all []net.Listener
	for _, some := range passed.Listeners {
		all = append(all, some...)
	}
	if len(all) > 0 || address == "" {
		return all, nil
	}
	l, err := doors.Listen(address)
	if err != nil {
		return nil, ui.Hint(err, "crawler.listen of the configuration names another address and port")
	}
	return []net.Listener{l}, nil
}
