package main

import (
	"errors"
	"net"
	"strings"

	"mirrortracker/internal/config"
	"mirrortracker/internal/redirect"
	"mirrortracker/internal/systemd"
	"mirrortracker/internal/ui"
)

// A door is a listener of the HTTP service.
type door struct {
	net.Listener
	certificate *redirect.Certificate // nil without TLS
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
func openDoors(cfg *config.Redirector) (doors []door, passed bool, err error) {
	defer func() {
		if err != nil {
			closeDoors(doors)
			doors = nil
		}
	}()
	var certificate *redirect.Certificate
	if cfg.Certificate != "" {
		if certificate, err = redirect.LoadCertificate(cfg.Certificate, cfg.Key); err != nil {
			return doors, false, err
		}
	}
	open := func(l net.Listener, secure bool) {
		if secure {
			doors = append(doors, door{certificate.Listener(l), certificate})
		} else {
			doors = append(doors, door{l, nil})
		}
	}
	sockets, err := systemd.Passed()
	if err != nil {
		return doors, false, err
	}
	for name, listeners := range sockets.Listeners {
		for _, l := range listeners {
			if name == secureName && certificate == nil {
				l.Close()
				return doors, false, errors.New("a socket for https was passed, but redirector.certificate and redirector.key name no certificate")
			}
			open(l, name == secureName)
		}
	}
	if len(doors) > 0 {
		return doors, true, nil
	}
	for secure, addresses := range map[bool]string{false: cfg.Listen, true: cfg.TLSListen} {
		for address := range strings.FieldsSeq(addresses) {
			l, err := redirect.Listen(address)
			if err != nil {
				return doors, false, ui.Hint(err, "another address and port can be given with --listen")
			}
			open(l, secure)
		}
	}
	return doors, false, nil
}

func closeDoors(doors []door) error {
	var failed []error
	for _, d := range doors {
		failed = append(failed, d.Close())
	}
	return errors.Join(failed...)
}
