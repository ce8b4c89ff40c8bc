package distftp

import (
	"log/slog"
	"syscall"
)

// What sessions and everything else may have open. A session without a transfer has one
// descriptor, one with a transfer three or four.
const (
	descriptorsPerSession = 3
	descriptorsAside      = 64
)

// affordable lowers a limit of sessions to what the process can hold open; zero and less
// mean no limit. Where all descriptors are in use, nobody can be let in any more, not
// even to be told so.
func affordable(sessions int, log *slog.Logger) int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > 1<<30 {
		return sessions
	}
	most := max((int(limit.Cur)-descriptorsAside)/descriptorsPerSession, 1)
	if sessions > 0 && sessions <= most {
		return sessions
	}
	if sessions > 0 {
		log.Warn("fewer sessions than configured: the process may not open enough files", "sessions", most, "configured", sessions,
			"files", limit.Cur, "needed", sessions*descriptorsPerSession+descriptorsAside)
	}
	return most
}
