package main

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"syscall"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/config"
	"mirrortracker/internal/systemd"
	"mirrortracker/internal/ui"
)

// The names of sockets that the service manager passes (FileDescriptorName=). Those of
// other names count as sockets for FTP, as the manager has a name of its own for those to
// which nobody gave one.
const (
	secureName  = "ftps"
	metricsName = "metrics"
)

// An entrance is where clients come in. It stays open when another configuration gets
// in force that has it too.
type entrance struct {
	net.Listener
	address string // as the configuration has it; "" where the service manager passed it
	secure  bool   // where the service manager passed it: for implicit TLS
}

// passed returns the entrances for FTP among the sockets that the service manager
// passed.
func passed(sockets systemd.Sockets) []entrance {
	var all []entrance
	for _, name := range slices.Sorted(maps.Keys(sockets.Listeners)) {
		if name == metricsName {
			continue
		}
		for _, l := range sockets.Listeners[name] {
			all = append(all, entrance{Listener: l, secure: name == secureName})
		}
	}
	return all
}

// open returns the doors of a configuration, at entrances that are open already and at
// some that it opens. In an error those are closed again.
func open(c *config.Config, former []entrance) (entrances []entrance, doors []distftp.Door, err error) {
	var opened []distftp.Door
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(opened))
		}
	}()
	wanted := c.Everywhere()
	former = slices.Clone(former)
	held := slices.DeleteFunc(slices.Clone(former), func(e entrance) bool { return e.address != "" })
	for _, e := range held {
		if e.secure && c.TLS.Certificate == "" {
			return nil, nil, errors.New("a socket of the name ftps was passed, but tls.certificate and tls.key name no certificate")
		}
		entrances = append(entrances, e)
		doors = append(doors, distftp.Door{Listener: e.Listener, Door: c.Main(e.secure).Rules(), Shared: true})
	}
	if len(held) > 0 {
		wanted = wanted[len(wanted)-len(c.Doors):]
	}
	for _, d := range wanted {
		i := slices.IndexFunc(former, func(e entrance) bool { return e.address == d.Listen })
		var e entrance
		if i >= 0 {
			e = former[i]
			former = slices.Delete(former, i, i+1)
		} else {
			l, err := listen(d.Listen)
			if err != nil {
				return nil, nil, ui.Hint(err, elsewhere(err))
			}
			opened = append(opened, distftp.Door{Listener: l})
			e = entrance{Listener: l, address: d.Listen}
		}
		entrances = append(entrances, e)
		doors = append(doors, distftp.Door{Listener: e.Listener, Door: d.Rules()})
	}
	if len(doors) == 0 {
		return nil, nil, errors.New("it listens nowhere: listen, tls_listen and door are all empty")
	}
	return entrances, doors, nil
}

// elsewhere says what can be done where a door cannot be opened.
func elsewhere(err error) string {
	const advice = "--listen or the configuration names another address and port"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return "another program listens there; " + advice
	case errors.Is(err, syscall.EACCES):
		return advice + "; ports below 1024 need CAP_NET_BIND_SERVICE or a socket of systemd"
	}
	return advice
}

// listen opens a listener. All addresses of one family are not those of the other;
// net.Listen by itself would take both for either.
func listen(address string) (net.Listener, error) {
	network := "tcp"
	switch host, _, _ := net.SplitHostPort(address); host {
	case "0.0.0.0":
		network = "tcp4"
	case "::":
		network = "tcp6"
	}
	return net.Listen(network, address)
}

// opened returns the doors whose listeners are not among the former.
func opened(doors, former []distftp.Door) []distftp.Door {
	return slices.DeleteFunc(slices.Clone(doors), func(d distftp.Door) bool {
		return slices.ContainsFunc(former, func(f distftp.Door) bool { return f.Listener == d.Listener })
	})
}

func closeAll(doors []distftp.Door) error {
	var failed []error
	for _, d := range doors {
		failed = append(failed, d.Close())
	}
	return errors.Join(failed...)
}

// url returns how clients reach a door.
func url(d distftp.Door) string {
	scheme := "ftp"
	if d.Implicit {
		scheme = "ftps"
	}
	return fmt.Sprintf("%s://%s/", scheme, d.Addr())
}
