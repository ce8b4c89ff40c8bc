package link

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxPacket is more than a packet of a TUN device has, whose MTU is 1,500.
	maxPacket = 2048
	// inFlight is how many packets may be under way in one direction: more than 1 Gbit/s in
	// full packets for 100 ms. Further ones wait in the device, and are dropped if it is full.
	inFlight = 1 << 14
)

// A packet is under way.
type packet struct {
	bytes []byte
	due   time.Time
}

// carry takes packets out of one device and puts them into another in the same order,
// each when the delay has passed, until the link is closed. Reading, waiting and writing
// block their threads in the kernel rather than in the runtime, whose timers and poller
// may be late by more than a millisecond.
func (l *Link) carry(from, to int) {
	way := make(chan packet, inFlight)
	l.running.Go(func() { l.arrive(way, to) })
	defer close(way)
	hurry()
	buffer := make([]byte, maxPacket)
	wait := []unix.PollFd{{Fd: int32(from), Events: unix.POLLIN}, {Fd: int32(l.closed[0]), Events: unix.POLLIN}}
	for {
		n, err := unix.Read(from, buffer)
		switch err {
		case nil:
			due := time.Now().Add(time.Duration(l.delay.Load()))
			way <- packet{append([]byte(nil), buffer[:n]...), due}
			continue
		case unix.EAGAIN:
			unix.Poll(wait, -1) // an error is one of reading, too
		case unix.EINTR:
		default:
			return
		}
		if wait[1].Revents != 0 {
			return
		}
	}
}

// arrive puts packets into a device when they are due.
func (l *Link) arrive(way <-chan packet, to int) {
	hurry()
	for p := range way {
		for left := time.Until(p.due); left > 0; left = time.Until(p.due) {
			rest := unix.NsecToTimespec(left.Nanoseconds())
			unix.Nanosleep(&rest, nil) // a signal that cuts it short does no harm
		}
		unix.Write(to, p.bytes) // a device that is down loses packets, as a network does
	}
}

// hurry gives the goroutine a thread of its own that goes before all others of the
// machine, so that a busy processor delays no packets. Where that is not allowed, busy
// processors do; who measures checks the delay.
func hurry() {
	runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
	unix.SchedSetAttr(0, &unix.SchedAttr{
		Size:     unix.SizeofSchedAttr,
		Policy:   unix.SCHED_FIFO,
		Priority: 1,
		Flags:    unix.SCHED_FLAG_RESET_ON_FORK, // no other thread or process comes to it by this one
	}, 0)
}
