package control

import (
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestHabits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, from := newHabits(), netip.MustParsePrefix("192.0.2.1/32")
		who := h.whose(from, "wget", "ftp")
		if known := h.of(who); known.comes.known(time.Now()) || known.accepts.known(time.Now()) {
			t.Errorf("of nobody %+v is known", known)
		}
		h.learn(who, coming, false)
		time.Sleep(lasting / 2)
		h.learn(who, accepting, true)
		known := h.of(who)
		if !known.comes.dislikes(time.Now()) || known.accepts.dislikes(time.Now()) || !known.accepts.known(time.Now()) {
			t.Errorf("learnt %+v", known)
		}
		for _, other := range []habitual{
			h.whose(netip.MustParsePrefix("192.0.2.2/32"), "wget", "ftp"), h.whose(from, "curl", "ftp"), h.whose(from, "wget", "ann"), h.whose(from, "wgetftp", ""),
		} {
			if h.of(other) != (habit{}) {
				t.Errorf("of somebody else %+v is known", h.of(other))
			}
		}
		time.Sleep(lasting / 2)
		if known := h.of(who); known.comes.known(time.Now()) || !known.accepts.known(time.Now()) {
			t.Errorf("after an hour %+v", known)
		}
	})
}

// However many there are, what is remembered of them is bounded; who comes often stays.
func TestHabitsBounded(t *testing.T) {
	h := newHabits()
	from := netip.MustParsePrefix("192.0.2.1/32")
	often := h.whose(from, "often", "")
	for i := range 3 * generation {
		h.learn(h.whose(from, fmt.Sprint(i), ""), coming, true)
		if i%(generation/2) == 0 {
			h.learn(often, coming, true)
		}
	}
	if n := len(h.young) + len(h.old); n > 2*generation {
		t.Errorf("%d are remembered", n)
	}
	if !h.of(often).comes.likes {
		t.Error("who comes often is forgotten")
	}
}
