package fetch

import (
	"strings"
	"testing"

	"mirrortracker/internal/peer"
)

// Whatever is offered, what is let through could be offered by a tracker that keeps to
// the rules.
func FuzzOffers(f *testing.F) {
	f.Add(`[{"site":"98b3bc2b1ac6b8dcfbd9bb8cf1e5b8b1","url":"ftp://a/","name":"a","root":"` + strings.Repeat("1", 64) + `","started":"2026-01-01T00:00:00Z","finished":"2026-01-01T00:00:00Z","origin":"a"}]`)
	f.Add(`[]`)
	f.Add(`[{"url":"ftp://a:b@c/"},`)
	f.Fuzz(func(t *testing.T, text string) {
		offers(strings.NewReader(text), func(o peer.Offer) error {
			if err := o.Validate(); err != nil {
				t.Errorf("%+v is let through: %v", o, err)
			}
			return nil
		})
	})
}
