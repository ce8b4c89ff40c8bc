package link

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Addresses of the two ends (RFC 5737, 3: for documentation).
var (
	farAddress  = [4]byte{192, 0, 2, 1}
	nearAddress = [4]byte{192, 0, 2, 2}
	loopback    = [4]byte{127, 0, 0, 1}
)

// A Link joins two networks. It carries packets from when it is made until Close.
type Link struct {
	delay     atomic.Int64 // of each direction, in nanoseconds
	near, far int          // the TUN devices
	closed    [2]int       // a pipe, whose end tells the carriers to end
	running   sync.WaitGroup
}

// Join joins two networks by a link without delay, and sets up the loopback device of
// the near one.
func Join(near, far *Network) (*Link, error) {
	l := &Link{}
	err := near.Do(func() (err error) {
		if err := Loopback(); err != nil {
			return err
		}
		l.near, err = openTUN(nearAddress, farAddress)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("set up the near network: %w", err)
	}
	err = far.Do(func() (err error) {
		l.far, err = openTUN(farAddress, loopback)
		return err
	})
	if err != nil {
		unix.Close(l.near)
		return nil, fmt.Errorf("set up the far network: %w", err)
	}
	if err := unix.Pipe2(l.closed[:], unix.O_CLOEXEC); err != nil {
		return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), unix.Close(l.near), unix.Close(l.far))
	}
	l.running.Go(func() { l.carry(l.far, l.near) })
	l.running.Go(func() { l.carry(l.near, l.far) })
	return l, nil
}

// SetRoundTrip sets how long a packet and its answer take together, for packets that
// are sent from now on.
func (l *Link) SetRoundTrip(d time.Duration) { l.delay.Store(int64(d / 2)) }

// Close removes the link with its devices.
func (l *Link) Close() error {
	err := unix.Close(l.closed[1])
	l.running.Wait()
	return errors.Join(err, unix.Close(l.closed[0]), unix.Close(l.near), unix.Close(l.far))
}

const device = "link"

// openTUN makes a device in the calling thread's network, which is gone when the
// descriptor is closed (Documentation/networking/tuntap.rst of the kernel).
func openTUN(own, peer [4]byte) (fd int, err error) {
	fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	if err := makeTUN(fd, own, peer); err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	return fd, nil
}

func makeTUN(fd int, own, peer [4]byte) error {
	r, err := unix.NewIfreq(device)
	if err != nil {
		return err
	}
	r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, r); err != nil {
		return fmt.Errorf("make a TUN device: %w", err)
	}
	// Packets from and to 127.0.0.1 pass other devices than the loopback device only
	// where this is set.
	if err := os.WriteFile("/proc/sys/net/ipv4/conf/"+device+"/route_localnet", []byte("1"), 0); err != nil {
		return err
	}
	return configure(device, address(unix.SIOCSIFADDR, own), address(unix.SIOCSIFDSTADDR, peer), up())
}
