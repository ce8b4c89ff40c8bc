package catalogue_test

import (
	"testing"
	"time"

	"mirrortracker/internal/peer/peertest"
	"mirrortracker/internal/peer/trust"
)

// What is not shared is not offered, and a state is told from another by its tag.
func TestState(t *testing.T) {
	k := peertest.New(t, "one")
	began := time.Now().Add(-time.Hour)
	k.Crawled(t, peertest.Site(t, "a"), 1, 1, began)
	k.Crawled(t, peertest.Site(t, "b"), 1, 1, began)
	state := func(want ...string) (tag string) {
		t.Helper()
		s, err := k.Catalogue.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for i := range s.Offers {
			if err := s.Offers[i].Validate(); err != nil {
				t.Error(err)
			}
			got[s.Offers[i].Name] = true
		}
		for _, name := range want {
			if !got[name] {
				t.Errorf("%s is not offered", name)
			}
		}
		if len(s.Offers) != len(want) {
			t.Errorf("%d sites are offered, want %v", len(s.Offers), want)
		}
		return s.Tag
	}
	both := state("a", "b")
	if again := state("a", "b"); again != both {
		t.Errorf("the same has the tags %s and %s", both, again)
	}
	k.Crawled(t, peertest.Site(t, "a"), 1, 1, began.Add(time.Minute)) // the same content, but newer
	if newer := state("a", "b"); newer == both {
		t.Error("what is newer has the same tag")
	}
	var err error
	if k.Catalogue.Share, err = trust.ParseAll([]string{"b.example"}); err != nil {
		t.Fatal(err)
	}
	if state("b") == both {
		t.Error("less has the same tag")
	}
	if k.Catalogue.Share = nil; state() == both {
		t.Error("nothing has the same tag")
	}
}
