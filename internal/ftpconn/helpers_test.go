package ftpconn

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// trickle sends a digit at a time until the client has gone; begun is called
// when the third is sent.
func trickle(send func(string) error, begun func()) {
	n := 0
	for range time.Tick(time.Millisecond) {
		if send("2") != nil {
			return
		}
		if n++; n == 3 {
			begun()
		}
	}
}

// awaitNoGoroutines waits until no goroutine but the test's runs code of this
// package.
func awaitNoGoroutines(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	for deadline := time.Now().Add(10 * time.Second); ; runtime.Gosched() {
		var left []string
		for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
			if strings.Contains(stack, "internal/ftpconn.") && !strings.Contains(stack, "testing.tRunner") && !strings.Contains(stack, "ftpscript") {
				left = append(left, stack)
			}
		}
		if left == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("still running:\n%s", strings.Join(left, "\n\n"))
		}
	}
}
