package main

import (
	"errors"
	"net"
	"strings"

	"mirrortracker/internal/config"
	"mirrortracker/internal/doors"
	"mirrortracker/internal/systemd"
	"mirrortracker/internal/ui"
)

// A door is a listener of the HTTP service.
type door struct {
	net.Listener
	certificate *doors.Certificate // nil without TLS
}

// String writes it as a URL.
func (d door) String() string {
	scheme := "http://"
	if d.certificate != nil {
		scheme = "https://"
	}
	if d.Addr().Network() == "unix" {
		return "unix:" + d.Addr().String()
	}
	return scheme + d.Addr().String() + "/"
}

// secureName is what a socket of systemd is called if it is for HTTPS.
const secureName = "https"

// openDoors opens those that the service manager passed, or where it passed none, those
// of the configuration; it says which.
func openDoors(cfg *config.Redirector) (all []door, passed bool, err error) {
	defer func() {
		if err != nil {
			closeDoors(all)
			all = nil
		}
	}()
	var certificate *doors.Certificate
	if cfg.Certificate != "" {
		if certificate, err = doors.LoadCertificate(cfg.Certificate, cfg.Key); err != nil {
			return all, false, err
		}
	}
	open := func(l net.Listener, secure bool) {
		if secure {
			all = append(all, door{certificate.Listener(l), certificate})
		} else {
			all = append(all, door{l, nil})
		}
	}
	sockets, err := systemd.Passed()
	if err != nil {
		return all, false, err
	}
	for name, listeners := range sockets.Listeners {
		for _, l := range listeners {
			if name == secureName && certificate == nil {
				l.Close()
				return all, false, errors.New("a socket for https was passed, but redirector.certificate and redirector.key name no certificate")
			}
			open(l, name == secureName)
		}
	}
	if len(all) > 0 {
		return all, true, nil
	}
	for secure, addresses := range map[bool]string{false: cfg.Listen, true: cfg.TLSListen} {
		for address := range strings.FieldsSeq(addresses) {
			l, err := doors.Listen(address)
			if err != nil {
				return all, false, ui.Hint(err, "another address and port can be given with --listen")
			}
			open(l, secure)
		}
	}
	return all, false, nil
}

func closeDoors(all []door) error {
	var failed []error
	for _, d := range all {
		failed = append(failed, d.Close())
	}
	return errors.Join(failed...)
}
