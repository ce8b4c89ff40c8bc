package metrics_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/metrics"
	"mirrortracker/internal/distftp/mirrors"
)

func TestMirrors(t *testing.T) {
	m := metrics.New()
	m.WatchMirrors(func() mirrors.State {
		return mirrors.State{
			Sites: []mirrors.Site{
				{Alias: "/one", Waiting: 2, Connections: []mirrors.Connection{{State: "idle"}, {State: "in use"}, {State: "idle"}}},
				{Alias: "/two", Resting: time.Now().Add(time.Minute)},
			},
			Faults: []mirrors.Fault{{Member: "/two"}, {Member: "ftp://192.0.2.1:21"}},
		}
	})
	for holder, bytes := range map[string]int64{"/one": 7, "alpha": 5} {
		m.Observe(&control.TransferEnded{
			Client: &control.Client{}, Bytes: bytes,
			Transfer: &control.Transfer{Verb: "RETR", Kind: data.Direct, Holder: holder},
		})
	}
	w := httptest.NewRecorder()
	m.Handler(nil).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		`ftpd_mirror_connections{mirror="/one",state="idle"} 2`, `ftpd_mirror_connections{mirror="/two",state="idle"} 0`,
		`ftpd_mirror_waiting{mirror="/one"} 2`, `ftpd_mirror_resting{mirror="/one"} 0`, `ftpd_mirror_resting{mirror="/two"} 1`,
		`ftpd_mirror_faults{mirror="/one"} 0`, `ftpd_mirror_faults{mirror="/two"} 1`, `ftpd_mirror_faults{mirror="ftp://192.0.2.1:21"} 1`,
		`ftpd_mirror_transferred_bytes_total{direction="download",mirror="/one"} 7`, `ftpd_slave_transferred_bytes_total{direction="download",slave="alpha"} 5`,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
}
