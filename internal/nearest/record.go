package nearest

import (
	"math"
	"strconv"
	"strings"

	"mirrortracker/internal/mirror"
)

// A record is what a database says of a prefix, as far as we read it, in any of these
// formats. Every field may have any shape; what cannot be read is not known.
//
//	MaxMind, DB-IP   country.iso_code, registered_country.iso_code, location.{latitude, longitude,
//	                 accuracy_radius}, autonomous_system_number
//	IPinfo           country or country_code, lat and lng or latitude and longitude, radius, asn
//	                 as "AS64500"; in its later files the same in tables called geo and as
type record struct {
	Country           any `maxminddb:"country"`
	CountryCode       any `maxminddb:"country_code"`
	RegisteredCountry any `maxminddb:"registered_country"`
	Location          any `maxminddb:"location"`
	Geo               any `maxminddb:"geo"`
	As                any `maxminddb:"as"`
	Traits            any `maxminddb:"traits"`
	Latitude          any `maxminddb:"latitude"`
	Lat               any `maxminddb:"lat"`
	Longitude         any `maxminddb:"longitude"`
	Lng               any `maxminddb:"lng"`
	Radius            any `maxminddb:"radius"`
	ASNumber          any `maxminddb:"autonomous_system_number"`
	ASN               any `maxminddb:"asn"`
}

// where reads the record.
func (r *record) where() Where {
	return Where{
		Country: first(country,
			r.CountryCode, r.Country, field(r.Country, "iso_code"),
			field(r.Geo, "country_code"), field(r.Geo, "country"), field(r.RegisteredCountry, "iso_code")),
		Spot: r.spot(),
		AS: first(system,
			r.ASNumber, r.ASN, field(r.As, "asn"), field(r.Traits, "autonomous_system_number")),
	}
}

func (r *record) spot() Spot {
	for _, s := range []struct{ latitude, longitude, radius any }{
		{field(r.Location, "latitude"), field(r.Location, "longitude"), field(r.Location, "accuracy_radius")},
		{r.Latitude, r.Longitude, r.Radius},
		{r.Lat, r.Lng, r.Radius},
		{field(r.Geo, "latitude"), field(r.Geo, "longitude"), field(r.Geo, "radius")},
	} {
		latitude, okLatitude := number(s.latitude)
		longitude, okLongitude := number(s.longitude)
		p := mirror.Place{Latitude: latitude, Longitude: longitude}
		if !okLatitude || !okLongitude || p.Validate() != nil {
			continue
		}
		radius, ok := number(s.radius)
		if !ok || !(radius >= 0 && radius <= farthest) {
			radius = 0
		}
		return Spot{p, radius, true}
	}
	return Spot{}
}

// first returns the first of the values that can be read.
func first[T comparable](read func(any) T, values ...any) T {
	var none T
	for _, v := range values {
		if got := read(v); got != none {
			return got
		}
	}
	return none
}

// field returns a field of a table, nil if it is none or does not have it.
func field(v any, name string) any {
	table, _ := v.(map[string]any)
	return table[name]
}

// country reads a country's code in either case, "" if it is none: a country's name, or
// one of the codes that stand for no country.
func country(v any) string {
	text, _ := v.(string)
	if len(text) != 2 {
		return ""
	}
	code := strings.ToLower(text)
	if mirror.ValidCountry(code) != nil {
		return ""
	}
	return code
}

// number reads a number, which may be written as text.
func number(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case float32:
		return float64(n), true
	case string:
		f, err := strconv.ParseFloat(n, 64)
		return f, err == nil
	}
	n, ok := whole(v)
	return float64(n), ok
}

// system reads the number of an autonomous system, with or without "AS", 0 if it is none.
func system(v any) uint32 {
	if text, ok := v.(string); ok {
		digits, _ := strings.CutPrefix(strings.ToUpper(text), "AS")
		n, err := strconv.ParseUint(digits, 10, 32)
		if err != nil {
			return 0
		}
		return uint32(n)
	}
	n, ok := whole(v)
	if !ok || n < 0 || n > math.MaxUint32 {
		return 0
	}
	return uint32(n)
}

// whole reads a whole number in any of the decoder's types.
func whole(v any) (int64, bool) {
	switch n := v.(type) {
	case uint64:
		return int64(n), n <= math.MaxInt64
	case uint32:
		return int64(n), true
	case uint16:
		return int64(n), true
	case int32:
		return int64(n), true
	case int:
		return int64(n), true
	}
	return 0, false
}
