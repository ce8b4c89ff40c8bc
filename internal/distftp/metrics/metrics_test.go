package metrics

import (
	"context"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/copies"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/distftp/overview"
)

// Every metric is in the table of the documentation.
func TestDocumented(t *testing.T) {
	var manual []byte
	for _, name := range []string{"ftpd.md", "distributed.md", "remote-mirrors.md"} {
		text, err := os.ReadFile("../../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		manual = append(manual, text...)
	}
	m := New()
	m.WatchSlaves(func(context.Context) ([]overview.Slave, error) { return nil, nil })
	m.WatchCopies(&copies.Counts{})
	m.WatchMirrors(func() mirrors.State { return mirrors.State{} })
	m.WatchLog("xferlog", func() uint64 { return 0 })
	m.WatchPasswords(func() int { return 0 })
	descs := make(chan *prometheus.Desc, 200)
	m.registry.Describe(descs)
	close(descs)
	name, found := regexp.MustCompile(`fqName: "(ftpd_\w+)"`), 0
	for d := range descs {
		if n := name.FindStringSubmatch(d.String()); n != nil {
			found++
			if !strings.Contains(string(manual), "`"+n[1]+"`") {
				t.Errorf("none of docs/ftpd.md, distributed.md and remote-mirrors.md has %s", n[1])
			}
		}
	}
	if found < 15 {
		t.Errorf("only %d metrics were found", found)
	}
}

// Bytes count while they move, and not a second time when the transfer has ended.
func TestBytesOfRunningTransfers(t *testing.T) {
	m := New()
	scrape := func(want ...string) {
		t.Helper()
		w := httptest.NewRecorder()
		m.Handler(nil).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		for _, line := range want {
			if !strings.Contains(w.Body.String(), "\n"+line+"\n") {
				t.Errorf("no %s in\n%s", line, w.Body)
			}
		}
	}
	moved := int64(0)
	c, upload := &control.Client{Number: 7}, &control.Transfer{Verb: "STOR"}
	m.Observe(&control.TransferBegun{Client: c, Transfer: upload, Moved: func() int64 { return moved }})
	moved = 5
	scrape(`ftpd_data_bytes_total{direction="upload"} 5`, `ftpd_transfers{direction="upload"} 1`)
	moved = 9
	m.Observe(&control.TransferEnded{Client: c, Transfer: upload, Bytes: 9})
	scrape(`ftpd_data_bytes_total{direction="upload"} 9`, `ftpd_transfers{direction="upload"} 0`)
}
