package systemd

import (
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// Sockets are those that the service manager passed to this process
// (sd_listen_fds(3)), by the names that FileDescriptorName= gives them in their
// units. They stay open there when this process closes them, so that whoever
// connects while it is started again waits instead of being refused.
type Sockets struct {
	Listeners map[string][]net.Listener
	Packets   map[string][]net.PacketConn // of datagrams
}

// Passed returns the sockets that were passed. It can be called once: children of
// this process are told nothing of them.
func Passed() (Sockets, error) {
	s := Sockets{map[string][]net.Listener{}, map[string][]net.PacketConn{}}
	for _, f := range activation.Files(true) {
		name := f.Name()
		listener, streams := net.FileListener(f)
		packets, datagrams := net.FilePacketConn(f)
		f.Close() // both have a descriptor of their own
		switch {
		case streams == nil:
			s.Listeners[name] = append(s.Listeners[name], listener)
		case datagrams == nil:
			s.Packets[name] = append(s.Packets[name], packets)
		default:
			return s, fmt.Errorf("socket %s of the service manager: neither %w nor %w", name, streams, datagrams)
		}
	}
	return s, nil
}
