package nearest

import (
	"math"

	"mirrortracker/internal/mirror"
)

// earth is the mean radius of the earth in km (IUGG's R1).
const earth = 6371.0088

// farthest bounds how far apart two places can be, in km.
const farthest = earth * math.Pi

// greatCircle returns the distance of two places on a sphere in km, by the haversine
// formula, which is exact enough for neighbours and for antipodes.
func greatCircle(a, b mirror.Place) float64 {
	const degree = math.Pi / 180
	latitude := math.Sin((b.Latitude - a.Latitude) * degree / 2)
	longitude := math.Sin((b.Longitude - a.Longitude) * degree / 2)
	h := latitude*latitude + math.Cos(a.Latitude*degree)*math.Cos(b.Latitude*degree)*longitude*longitude
	return 2 * earth * math.Asin(math.Sqrt(min(h, 1)))
}

// A Spot is a place that is known to within a radius. The zero value is not known.
type Spot struct {
	mirror.Place
	Radius float64 // root mean square of how far from the place it may be, in km
	Known  bool
}

// apart returns the root mean square of the distance between two spots that are known,
// in km: what is known roughly is not near to anything.
func (s Spot) apart(o Spot) float64 {
	return math.Hypot(greatCircle(s.Place, o.Place), math.Hypot(s.Radius, o.Radius))
}
