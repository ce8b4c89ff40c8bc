package distftp

import (
	"log/slog"
	"syscall"
)

// What sessions and everything else may have open. A session without a transfer has one
// descriptor, one with a transfer three or four. Half of what is aside is for connections
// that are no session: to be refused, or of one that has ended a moment ago.
const (
	descriptorsPerSession = 3
	descriptorsAside      = 64
	connectionsAside      = descriptorsAside / 2
)

// descriptors is how many files the process may open; many where there is no limit.
func descriptors() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 1 << 30
	}
	return int(min(limit.Cur, 1<<30))
}

// affordableSessions is how many sessions the process can hold open.
func affordableSessions() int { return max((descriptors()-descriptorsAside)/descriptorsPerSession, 1) }

// affordableConnections is how many control connections it can have accepted and not yet
// closed: a few more, so that those who are one too many can be told so.
func affordableConnections() int { return affordableSessions() + connectionsAside }

// affordable lowers a limit of sessions to what the process can hold open; zero and less
// mean no limit. Where all descriptors are in use, nobody can be let in any more, not
// even to be told so.
func affordable(sessions int, log *slog.Logger) int {
	most := affordableSessions()
	if sessions > 0 && sessions <= most {
		return sessions
	}
	if sessions > 0 {
		log.Warn("fewer sessions than configured: the process may not open enough files", "sessions", most, "configured", sessions,
			"files", descriptors(), "needed", sessions*descriptorsPerSession+descriptorsAside)
	}
	return most
}
