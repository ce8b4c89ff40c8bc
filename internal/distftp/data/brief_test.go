package data

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestBriefly(t *testing.T) {
	if cap(waiting) == 0 {
		t.Skip("there is one processor")
	}
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	if !new(briefly).writable(fds[0]) {
		t.Error("there is room, and it is not seen")
	}
	for err == nil {
		_, err = unix.Write(fds[0], make([]byte, 64<<10))
	}
	if new(briefly).writable(fds[0]) {
		t.Error("there is no room, and it is seen")
	}
	slow := &briefly{since: time.Now().Add(-time.Hour)}
	if slow.writable(fds[1]) {
		t.Error("it waits for a client that was slow")
	}
	if slow.since = time.Now(); !slow.writable(fds[1]) {
		t.Error("it does not wait for a client that is fast again")
	}
	if len(waiting) > 0 {
		t.Error("somebody waits still")
	}
}
