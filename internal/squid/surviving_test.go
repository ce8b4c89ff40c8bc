package squid

import (
	"log/slog"
	"net/netip"
	"strings"
	"testing"
)

// mad is a Decider that panics.
type mad struct{}

func (mad) Target(string, netip.Addr) string { panic("target") }
func (mad) StoreID(string) string            { panic("store id") }

func TestSurviving(t *testing.T) {
	var log strings.Builder
	d := Surviving(mad{}, slog.New(slog.NewTextHandler(&log, nil)))
	if target, id := d.Target("http://a/x", netip.Addr{}), d.StoreID("http://a/y"); target != "" || id != "" {
		t.Errorf("%q, %q", target, id)
	}
	for _, want := range []string{"panic=target url=http://a/x", `panic="store id" url=http://a/y`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in the log:\n%s", want, &log)
		}
	}
	d = Surviving(echo{}, quiet)
	if target, id := d.Target("http://a/x", netip.Addr{}), d.StoreID("http://a/x"); target != "http://a/x" || id != "http://a/x" {
		t.Errorf("%q, %q", target, id)
	}
}
