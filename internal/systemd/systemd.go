// Package systemd tells the service manager how a service is (sd_notify(3)). Where
// there is no service manager that wants to know, nothing is told.
package systemd

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// A Notifier tells the service manager. What cannot be told is logged, and is no
// reason to do anything else.
type Notifier struct{ Log *slog.Logger }

// Ready says that the service does its work, or does it again after Reloading. The
// status is a line for people.
func (n Notifier) Ready(status string) { n.tell(daemon.SdNotifyReady + "\nSTATUS=" + status) }

// Reloading says that the configuration is being read again. Ready must follow.
func (n Notifier) Reloading() {
	n.tell(daemon.SdNotifyReloading + "\n" + daemon.SdNotifyMonotonicUsec())
}

// Stopping says that the service ends, which may take a while.
func (n Notifier) Stopping() { n.tell(daemon.SdNotifyStopping) }

// Alive says that the service does its work still.
func (n Notifier) Alive() { n.tell(daemon.SdNotifyWatchdog) }

// Watchdog returns how often Alive must be called at least, 0 if it need not be.
func (n Notifier) Watchdog() time.Duration {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		n.Log.Warn("the service manager's watchdog is not understood", "err", err)
	}
	return interval
}

// Watch says that the service is alive as often as it must, and when ctx ends that the
// service ends.
func (n Notifier) Watch(ctx context.Context) {
	every := n.Watchdog() / 3
	if every <= 0 {
		every = time.Hour // nobody wants to hear
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			n.Stopping()
			return
		case <-tick.C:
			n.Alive()
		}
	}
}

// Obey has the configuration read again at each hangup, and says so, until ctx ends. The status
// is that of the time after it.
func (n Notifier) Obey(ctx context.Context, hangups <-chan os.Signal, reload func(), status func() string) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
		}
		n.Reloading()
		reload()
		n.Ready(status())
	}
}

func (n Notifier) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		n.Log.Warn("the service manager is not told", "err", err)
	}
}
