package link

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// A Network is a network namespace, and the thread of this process that is in it.
type Network struct {
	calls chan call
}

type call struct {
	fn   func() error
	done chan<- error
}

// ErrClosed is what Do returns of a network that was closed.
var ErrClosed = errors.New("link: the network is closed")

// NewNetwork makes an empty network, in which not even the loopback device is up.
// The caller closes it.
func NewNetwork() (*Network, error) {
	n := &Network{calls: make(chan call)}
	made := make(chan error)
	go n.run(made)
	if err := <-made; err != nil {
		return nil, fmt.Errorf("make a network namespace: %w", err)
	}
	return n, nil
}

// run answers calls. The thread is never unlocked, because it belongs to no other
// network any more; it ends with this goroutine.
func (n *Network) run(made chan<- error) {
	runtime.LockOSThread()
	err := unix.Unshare(unix.CLONE_NEWNET)
	made <- err
	if err != nil {
		return
	}
	for c := range n.calls {
		c.done <- c.fn()
	}
}

// Do calls a function in the network: sockets that it makes and processes that it
// starts, itself and not in another goroutine, are and stay in it. Processes may ask to
// be killed with their parent (SysProcAttr.Pdeathsig): the thread lives until Close.
// Calls come one after the other.
func (n *Network) Do(fn func() error) error {
	done := make(chan error)
	n.calls <- call{fn, done}
	return <-done
}

// Close lets go of the network. It lives on as long as something is open in it. Do must
// not be called any more.
func (n *Network) Close() { close(n.calls) }

// An ifreq asks for a change of a network device.
type ifreq struct {
	request uint
	set     func(*unix.Ifreq) error
}

func address(request uint, ip [4]byte) ifreq {
	return ifreq{request, func(r *unix.Ifreq) error { return r.SetInet4Addr(ip[:]) }}
}

func up() ifreq {
	return ifreq{unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error {
		r.SetUint16(unix.IFF_UP)
		return nil
	}}
}

// Loopback makes the loopback device of the calling thread's network ready for use.
func Loopback() error { return configure("lo", up()) }

// configure changes a device of the calling thread's network (netdevice(7)).
func configure(device string, changes ...ifreq) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, change := range changes {
		r, err := unix.NewIfreq(device)
		if err != nil {
			return err
		}
		if err := change.set(r); err != nil {
			return err
		}
		if err := unix.IoctlIfreq(fd, change.request, r); err != nil {
			return fmt.Errorf("configure device %s: %w", device, err)
		}
	}
	return nil
}
