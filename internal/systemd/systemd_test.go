package systemd

import (
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNotifier(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "2000000")
	n := Notifier{slog.New(slog.DiscardHandler)}
	for want, tell := range map[string]func(){
		"READY=1\nSTATUS=fine":         func() { n.Ready("fine") },
		"RELOADING=1\nMONOTONIC_USEC=": n.Reloading,
		"STOPPING=1":                   n.Stopping,
		"WATCHDOG=1":                   n.Alive,
	} {
		tell()
		got := make([]byte, 1000)
		k, err := socket.Read(got)
		if err != nil || !strings.HasPrefix(string(got[:k]), want) {
			t.Errorf("%q, %v; want %q", got[:k], err, want)
		}
	}
	if got := n.Watchdog(); got != 2*time.Second {
		t.Errorf("the watchdog wants to hear every %v", got)
	}
}

func TestNobodyWantsToKnow(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	var said strings.Builder
	n := Notifier{slog.New(slog.NewTextHandler(&said, nil))}
	n.Ready("fine")
	n.Alive()
	if n.Watchdog() != 0 || said.Len() != 0 {
		t.Errorf("watchdog %v, said %q", n.Watchdog(), said.String())
	}
	t.Setenv("NOTIFY_SOCKET", "/no/such/socket")
	n.Alive()
	if !strings.Contains(said.String(), "is not told") {
		t.Errorf("said %q", said.String())
	}
}
