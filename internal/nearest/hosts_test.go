package nearest

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/mirror"
)

// Hosts of sites that do not say where they are are looked up, again after a while, and
// sooner after a failure, which takes nothing away.
func TestHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := siteAt("told", mirror.Reach{Country: "de", Place: &berlin, AS: 680})
		numeric := siteAt("numeric", mirror.Reach{})
		numeric.URL.Host = "192.0.2.9"
		sites := []mirror.Site{told, numeric, siteAt("a", mirror.Reach{Country: "de"}), siteAt("b", mirror.Reach{})}
		a, b := sites[2].ID(), sites[3].ID()
		var mu sync.Mutex
		asked := map[string]int{}
		answers := map[string][]netip.Addr{"a.example": {netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("::ffff:192.0.2.1")}}
		h := NewHosts()
		h.lookup = func(_ context.Context, host string) ([]netip.Addr, error) {
			mu.Lock()
			defer mu.Unlock()
			asked[host]++
			if found := answers[host]; found != nil {
				return slices.Clone(found), nil
			}
			return nil, errors.New("no such host")
		}
		answer := func(host string, text ...string) {
			mu.Lock()
			defer mu.Unlock()
			answers[host] = nil
			for _, t := range text {
				answers[host] = append(answers[host], netip.MustParseAddr(t))
			}
		}
		changes := 0
		go h.Run(t.Context(), func() []mirror.Site {
			mu.Lock()
			defer mu.Unlock()
			return sites
		}, func() { changes++ })
		check := func(after time.Duration, wantChanges, askedA, askedB int) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if changes != wantChanges || asked["a.example"] != askedA || asked["b.example"] != askedB || len(asked) != 2 {
				t.Errorf("%d changes, asked %v; want %d, %d, %d", changes, asked, wantChanges, askedA, askedB)
			}
		}
		check(time.Second/2, 1, 1, 1)
		if got, want := h.Addresses(a), []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")}; !slices.Equal(got, want) {
			t.Errorf("a is at %v, want %v", got, want)
		}
		answer("b.example", "192.0.2.2")
		check(time.Minute, 2, 1, 2)
		answer("a.example") // it fails from here on
		check(time.Hour-time.Minute, 2, 2, 2)
		if len(h.Addresses(a)) != 2 || len(h.Addresses(b)) != 1 {
			t.Errorf("a is at %v, b at %v", h.Addresses(a), h.Addresses(b))
		}
		mu.Lock()
		sites = sites[:2]
		mu.Unlock()
		check(time.Minute, 2, 2, 2)
		if h.Addresses(a) != nil {
			t.Errorf("a site that is gone is at %v", h.Addresses(a))
		}
	})
}
