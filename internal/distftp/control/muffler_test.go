package control

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A flood of one message shows, is counted, and does not drown another.
func TestMuffler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := newMuffler().over(slog.New(slog.NewTextHandler(&out, nil)).With("client", "192.0.2.1"))
		for range 100_000 {
			log.Warn("refused")
		}
		log.Warn("another")
		if n := strings.Count(out.String(), "msg=refused client=192.0.2.1\n"); n != noiseBurst || !strings.Contains(out.String(), "another") {
			t.Errorf("%d of 100,000 are logged; the end is %q", n, out.String()[max(0, out.Len()-200):])
		}
		out.Reset()
		time.Sleep(time.Second)
		log.Warn("refused")
		if !strings.Contains(out.String(), "held_back=99900") {
			t.Errorf("later: %q", out.String())
		}
	})
}
