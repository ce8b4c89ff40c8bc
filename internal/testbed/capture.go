package testbed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A Capture counts what a host exchanges with others over TCP (packet(7)).
type Capture struct {
	own      map[netip.Addr]bool
	stopping atomic.Bool
	ended    chan struct{} // closed when the rest is set
	moved    map[netip.AddrPort]int64
	err      error
}

// Capture begins to count. The caller stops it.
func (h *Host) Capture() (*Capture, error) {
	c := &Capture{
		own:   map[netip.Addr]bool{h.IPv4: true, h.IPv6: true},
		ended: make(chan struct{}),
		moved: map[netip.AddrPort]int64{},
	}
	var socket int
	err := h.Do(func() (err error) {
		all := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_ALL))
		socket, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, int(all))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("capture packets: %w", err)
	}
	err = errors.Join(
		unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20),
		unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 10_000}))
	if err != nil {
		unix.Close(socket)
		return nil, fmt.Errorf("capture packets: %w", err)
	}
	go c.run(socket)
	return c, nil
}

// Stop ends the counting, when what has arrived is counted, and returns how many bytes
// of content were exchanged, in both directions together, by the other's address and
// port.
func (c *Capture) Stop() (map[netip.AddrPort]int64, error) {
	c.stopping.Store(true)
	<-c.ended
	return c.moved, c.err
}

func (c *Capture) run(socket int) {
	defer close(c.ended)
	defer unix.Close(socket)
	head := make([]byte, 128) // of which only the heads are looked at
	for {
		n, _, err := unix.Recvfrom(socket, head, 0)
		switch {
		case err == unix.EAGAIN && c.stopping.Load():
			return
		case err == unix.EAGAIN || err == unix.EINTR:
		case err != nil:
			c.err = fmt.Errorf("capture packets: %w", err)
			return
		default:
			c.count(head[:n])
		}
	}
}

// count takes in a packet of IPv4 (RFC 791) or IPv6 (RFC 8200) with TCP (RFC 9293) in it.
func (c *Capture) count(packet []byte) {
	if len(packet) < 20 {
		return
	}
	var from, to netip.Addr
	var content int
	switch packet[0] >> 4 {
	case 4:
		head := int(packet[0]&15) * 4
		if packet[9] != unix.IPPROTO_TCP || len(packet) < head+20 {
			return
		}
		from, _ = netip.AddrFromSlice(packet[12:16])
		to, _ = netip.AddrFromSlice(packet[16:20])
		content = int(binary.BigEndian.Uint16(packet[2:])) - head
		packet = packet[head:]
	case 6:
		if packet[6] != unix.IPPROTO_TCP || len(packet) < 60 {
			return
		}
		from, _ = netip.AddrFromSlice(packet[8:24])
		to, _ = netip.AddrFromSlice(packet[24:40])
		content = int(binary.BigEndian.Uint16(packet[4:]))
		packet = packet[40:]
	default:
		return
	}
	content -= int(packet[12]>>4) * 4
	if content <= 0 {
		return
	}
	other := netip.AddrPortFrom(from, binary.BigEndian.Uint16(packet))
	if c.own[from] {
		other = netip.AddrPortFrom(to, binary.BigEndian.Uint16(packet[2:]))
	}
	c.moved[other] += int64(content)
}
