package nearest

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"mirrortracker/internal/mirror"
)

func TestGreatCircle(t *testing.T) {
	at := func(latitude, longitude float64) mirror.Place {
		return mirror.Place{Latitude: latitude, Longitude: longitude}
	}
	quarter := earth * math.Pi / 2
	for _, c := range []struct {
		what string
		a, b mirror.Place
		want float64
	}{
		{"to itself", berlin, berlin, 0},
		{"Berlin to Hamburg", berlin, hamburg, 255},
		{"Berlin to New York", berlin, newYork, 6385},
		{"pole to pole", at(90, 0), at(-90, 77), 2 * quarter},
		{"at a pole every longitude is one", at(90, 0), at(90, 123), 0},
		{"pole to equator", at(-90, 5), at(0, -170), quarter},
		{"over the date line", at(0, 179), at(0, -179), earth * math.Pi / 90},
		{"the date line is one line", at(10, 180), at(10, -180), 0},
		{"antipodes", at(30, 40), at(-30, -140), 2 * quarter},
		{"Fiji to Samoa", at(-18.14, 178.44), at(-13.83, -171.77), 1151},
	} {
		if got := greatCircle(c.a, c.b); math.Abs(got-c.want) > 1+c.want/1000 {
			t.Errorf("%s: %.1f km, want %.1f", c.what, got, c.want)
		}
	}
}

func drawPlace(t *rapid.T, label string) mirror.Place {
	return mirror.Place{
		Latitude:  rapid.Float64Range(-90, 90).Draw(t, label+" latitude"),
		Longitude: rapid.Float64Range(-180, 180).Draw(t, label+" longitude"),
	}
}

// No detour is shorter, and the chord through the earth is as long as the arc says.
func TestGreatCircleIsAMetric(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawPlace(t, "a"), drawPlace(t, "b"), drawPlace(t, "c")
		ab := greatCircle(a, b)
		if ba := greatCircle(b, a); math.Abs(ab-ba) > 1e-6 {
			t.Fatalf("%v km there, %v back", ab, ba)
		}
		if !(ab >= 0 && ab <= farthest+1e-6) {
			t.Fatalf("%v km", ab)
		}
		if detour := greatCircle(a, c) + greatCircle(c, b); ab > detour+1e-3 {
			t.Fatalf("%v km, but %v over %v", ab, detour, c)
		}
		if chord := 2 * earth * math.Sin(ab/2/earth); math.Abs(chord-straight(a, b)) > 1e-3 {
			t.Fatalf("a chord of %v km, not %v", straight(a, b), chord)
		}
	})
}

// straight returns the length of the chord between two places.
func straight(a, b mirror.Place) float64 {
	xyz := func(p mirror.Place) (x, y, z float64) {
		sinLat, cosLat := math.Sincos(p.Latitude * math.Pi / 180)
		sinLon, cosLon := math.Sincos(p.Longitude * math.Pi / 180)
		return earth * cosLat * cosLon, earth * cosLat * sinLon, earth * sinLat
	}
	ax, ay, az := xyz(a)
	bx, by, bz := xyz(b)
	return math.Hypot(math.Hypot(ax-bx, ay-by), az-bz)
}

// Every country has a middle, which is where people would look for it.
func TestCountrySpots(t *testing.T) {
	spots := countrySpots()
	if len(spots) != len(mirror.Countries()) {
		t.Errorf("%d countries", len(spots))
	}
	for _, code := range mirror.Countries() {
		s, ok := spots[code]
		if !ok || !s.Known || s.Validate() != nil || s.Radius < 0 || s.Radius > 2000 {
			t.Errorf("%s is at %+v", code, s)
		}
	}
	for code, p := range map[string]mirror.Place{"de": berlin, "nl": amsterdam, "us": newYork, "jp": tokyo} {
		if d := greatCircle(spots[code].Place, p); d > 2*spots[code].Radius {
			t.Errorf("%s is %.0f km off", code, d)
		}
	}
}
