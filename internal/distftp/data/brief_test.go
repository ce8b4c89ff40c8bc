package data

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestBriefly(t *testing.T) {
	several := cap(waiting) > 0 // processors; one that is alone waits for nobody
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	if got := new(briefly).writable(fds[0]); got != several {
		t.Errorf("there is room, and seen is %v, want %v", got, several)
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
	slow.since = time.Now()
	if got := slow.writable(fds[1]); got != several {
		t.Errorf("it waits for a client that is fast again: %v, want %v", got, several)
	}
	if len(waiting) > 0 {
		t.Error("somebody waits still")
	}
}
