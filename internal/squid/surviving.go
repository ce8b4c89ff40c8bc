package squid

import (
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
)

// Surviving returns a Decider that knows nothing where d panics, and logs it: one URL
// must not be able to end the redirector.
func Surviving(d Decider, log *slog.Logger) Decider { return surviving{d, log} }

type surviving struct {
	Decider
	log *slog.Logger
}

func (s surviving) Target(url string, client netip.Addr) (target string) {
	defer s.survive(url)
	return s.Decider.Target(url, client)
}

func (s surviving) StoreID(url string) (id string) {
	defer s.survive(url)
	return s.Decider.StoreID(url)
}

func (s surviving) survive(url string) {
	if v := recover(); v != nil {
		s.log.Error("a decision for a cache panicked", "panic", fmt.Sprint(v), "url", url, "stack", string(debug.Stack()))
	}
}
