package redirect

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"testing"

	"mirrortracker/internal/nearest"
)

// A menu that is kept is what would be made anew; where the sites' states change, none of
// before is taken.
func TestMenusAreKept(t *testing.T) {
	w := newWorld()
	for i := range 20 {
		name := fmt.Sprintf("m%02d", i)
		w.site(t, name, 1+i, dir{"gnu": gnu(1), "trace": dir{name: file{1, 1}}}, "ftp://"+name+".example/", "https://"+name+".example/")
	}
	r := New(Config{Source: w.hold(t), Now: clock})
	var d decision
	check := func() (hits int) {
		for i := range 40 * admission {
			q := Question{Text: fmt.Sprintf("/m%02d/gnu/file1", i%4), Scheme: []string{"http", "ftp"}[i/4%2], Client: netip.MustParseAddr("192.0.2.1")}
			made := d.made
			if err := r.gather(&d, &q); err != nil {
				t.Fatal(err)
			}
			if d.made == made {
				hits++
			}
			got := offered(&d)
			d.offer(math.MaxInt)
			if want := offered(&d); !maps.Equal(got, want) {
				t.Fatalf("%+v: got %v, want %v", q, got, want)
			}
		}
		return hits
	}
	if check() == 0 {
		t.Error("none is kept")
	}
	costs := nearest.DefaultCosts()
	costs.Generation *= 2
	r.SetNearest(nearest.Options{Costs: costs})
	check()
}

// offered returns the candidates by their members.
func offered(d *decision) map[int32]nearest.Candidate {
	all := map[int32]nearest.Candidate{}
	for i, m := range d.of {
		all[m] = d.all[i]
	}
	return all
}
