// Package link joins two private networks of this machine by a line that takes its
// time, so that programs can be measured over a distance without leaving the
// machine. It needs root, and Linux with /dev/net/tun; nothing of the machine's own
// network is used or changed.
//
// A [Network] is a network namespace without a name: nobody else can meet it, and it
// is gone with the last process in it. What is started in one (see [Network.Do]) sees
// nothing else. A [Link] carries packets from one network to the other through two TUN
// devices, each packet after half of a round trip.
//
//	 far network                                          near network
//	[ client ] -- tun: 192.0.2.1 == this process == tun: 192.0.2.2 -- [ server on 127.0.0.1 ]
//
// In the far network the loopback address leads through the link to the near one's,
// so that one server, started once, can be measured from beside it and from afar, and
// need not be told.
package link
