package mirrors

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// group makes an entry of members with weights, of which the first is the default.
func group(weights ...int) *Entry {
	e := &Entry{ID: 1}
	for i, w := range weights {
		e.Members = append(e.Members, &Member{Weight: w, Default: i == 0})
	}
	return e
}

// everybody leaves nobody out.
func everybody(*Member) string { return "" }

// TestDrawHasTheShares draws ten thousand times and compares with the weights by a
// chi-square test. The quantiles are those of p = 0.001 and p = 0.999.
func TestDrawHasTheShares(t *testing.T) {
	for name, c := range map[string]struct {
		weights   []int
		low, high float64
	}{
		"60/40":       {[]int{60, 40}, 1.57e-6, 10.83},
		"15/45":       {[]int{15, 45}, 1.57e-6, 10.83},
		"three":       {[]int{1, 2, 7}, 0.0020, 13.82},
		"one resting": {[]int{20, 0, 30, 50}, 0.0020, 13.82},
	} {
		t.Run(name, func(t *testing.T) {
			const draws = 10_000
			d, e := NewDraw(rand.NewPCG(2, 7)), group(c.weights...)
			got := map[*Member]int{}
			for range draws {
				got[d.Member(e, everybody)]++
			}
			chi := 0.0
			for _, m := range e.Members {
				expected := draws * e.Share(m)
				if expected == 0 {
					if got[m] != 0 {
						t.Errorf("weight 0 was drawn %d times", got[m])
					}
					continue
				}
				chi += (float64(got[m]) - expected) * (float64(got[m]) - expected) / expected
			}
			t.Logf("chi-square is %.3f", chi)
			if chi < c.low || chi > c.high {
				t.Errorf("chi-square is %g, not from %g to %g", chi, c.low, c.high)
			}
		})
	}
}

// TestDrawWithoutSome sees to whom the shares of those go that take no part.
func TestDrawWithoutSome(t *testing.T) {
	e := group(10, 30, 60)
	without := func(out ...*Member) func(*Member) string {
		return func(m *Member) string {
			if slices.Contains(out, m) {
				return "it rests"
			}
			return ""
		}
	}
	first, second, third := e.Members[0], e.Members[1], e.Members[2]
	d := NewDraw(rand.NewPCG(1, 2))
	seconds := 0
	for range 4000 {
		switch d.Member(e, without(third)) {
		case third:
			t.Fatal("one that takes no part was drawn")
		case second:
			seconds++
		}
	}
	if seconds < 2850 || seconds > 3150 {
		t.Errorf("of 4000, the second has %d, want about 3000", seconds)
	}
	if m := d.Member(e, without(first, second, third)); m != nil {
		t.Errorf("drew %v of nobody", m)
	}
	idle := group(0, 0)
	if m := d.Member(idle, everybody); !m.Default || idle.Share(m) != 1 {
		t.Error("where nobody has a weight, the default is not drawn")
	}
	if m := d.Member(idle, without(idle.Members[0])); m != idle.Members[1] {
		t.Error("where the default takes no part, the other is not drawn")
	}
	if i := d.Pick([]float64{0, -1}); i != -1 {
		t.Errorf("drew %d of nobody", i)
	}
}
