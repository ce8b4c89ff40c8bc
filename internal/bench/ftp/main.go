// Command ftp measures ftpd, as it was built and as a user would run it, beside vsftpd,
// proftpd and pure-ftpd on this machine, which serve the same folder to the same client. It
// ends with a line for each figure that is asked for:
//
//	ok|short NAME FIGURE (asked: BAR)
//	skip NAME (WHY)
//
// Servers take turns in every round, the first being another one each time, and are
// compared within rounds, so that all suffer alike when the machine is slower for a while.
// The time that their processes take of the processors is a steadier figure than the
// clock's, and stands beside it.
//
// The client must not be what is measured. It uses blocking sockets without Go's poller,
// and data is discarded in the kernel: recv(2) with MSG_TRUNC copies nothing. Under TLS it
// reads the heads of records and decrypts nothing. Before a server is measured, what it
// sends is compared once, byte by byte, and decrypted if need be.
package main

import (
	"context"
	"os"

	"golang.org/x/sys/unix"

	"mirrortracker/internal/ui"
)

const description = `Measures ftpd beside vsftpd, proftpd and pure-ftpd.

Exit codes: 0 measured, whatever came of it; 1 failed, or an answer was wrong; 2 wrong usage.`

func main() {
	unix.Umask(0o022) // servers read what is written here as nobody
	if os.Getenv("TMPDIR") == "" {
		os.Setenv("TMPDIR", "/var/tmp") // /tmp may be in memory
	}
	ui.Main(func(ctx context.Context, env *ui.Env, args []string) ui.Exit {
		return env.Run("bench-ftp", description, &runCommand{}, args, &program{ctx, env})
	})
}

// A program is what a command runs in.
type program struct {
	context.Context
	*ui.Env
}
