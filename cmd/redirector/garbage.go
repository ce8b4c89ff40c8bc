package main

import (
	"os"
	"runtime/debug"
)

// garbage is how much may be there besides what is in use, in percent of that, before
// it is collected. The index is in mapped files, so that what is in use is little; and
// to go over it often would take a tenth of the time.
const garbage = 300

// collectSeldom sets it, unless the environment has it that somebody knows better
// (GOGC of package runtime).
func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}
