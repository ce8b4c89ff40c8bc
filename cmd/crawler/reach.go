package main

import (
	"fmt"
	"strconv"
	"strings"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/mirror"
)

// reachFlags say where a site is and whom it serves; nil leaves it as it is.
type reachFlags struct {
	Country       *string      `help:"Country where it is, two letters of ISO 3166-1. Default: found out by its address, as the next two." placeholder:"CC"`
	Place         *string      `help:"Latitude and longitude in degrees, such as 52.52,13.40; south and west are negative, as in --place=-33.87,151.21." placeholder:"LAT,LON"`
	AS            *uint32      `name:"as" help:"Number of its autonomous system." placeholder:"N"`
	OnlyCountries *string      `help:"Send only clients in these countries there, such as de,at." placeholder:"CC,..."`
	NotCountries  *string      `help:"Send no clients in these countries there." placeholder:"CC,..."`
	OnlyAS        *string      `name:"only-as" help:"Send only clients in these autonomous systems there, such as 680,553." placeholder:"N,..."`
	MaxFile       *strict.Size `help:"Send no client there for a greater file, such as 4GiB." placeholder:"SIZE"`
}

// change gives a reach what the flags say.
func (f *reachFlags) change(r *mirror.Reach) (err error) {
	set(&r.Country, f.Country)
	set(&r.AS, f.AS)
	if f.Place != nil {
		if r.Place, err = parsePlace(*f.Place); err != nil {
			return err
		}
	}
	if f.OnlyCountries != nil {
		r.Audience.Countries = items(*f.OnlyCountries)
	}
	if f.NotCountries != nil {
		r.Audience.Not = items(*f.NotCountries)
	}
	if f.OnlyAS != nil {
		r.Audience.ASes = nil
		for _, item := range items(*f.OnlyAS) {
			n, err := strconv.ParseUint(item, 10, 32)
			if err != nil {
				return fmt.Errorf("only-as: %q is not the number of an autonomous system", item)
			}
			r.Audience.ASes = append(r.Audience.ASes, uint32(n))
		}
	}
	if f.MaxFile != nil {
		r.Audience.MaxFile = int64(*f.MaxFile)
	}
	return nil
}

// parsePlace reads a place, nil from "".
func parsePlace(text string) (*mirror.Place, error) {
	if text == "" {
		return nil, nil
	}
	first, second, _ := strings.Cut(text, ",")
	latitude, badLatitude := strconv.ParseFloat(strings.TrimSpace(first), 64)
	longitude, badLongitude := strconv.ParseFloat(strings.TrimSpace(second), 64)
	if badLatitude != nil || badLongitude != nil {
		return nil, fmt.Errorf("place %q: want latitude and longitude in degrees, such as 52.52,13.40", text)
	}
	return &mirror.Place{Latitude: latitude, Longitude: longitude}, nil
}

// items reads a list with commas between the items, nil from "".
func items(text string) []string {
	var all []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// declarationsOf returns all that a site's operator says of its reach, in the order of the flags.
func declarationsOf(r *mirror.Reach) []setting {
	place := ""
	if r.Place != nil {
		place = fmt.Sprintf("%v,%v", r.Place.Latitude, r.Place.Longitude)
	}
	numbers := make([]string, len(r.Audience.ASes))
	for i, n := range r.Audience.ASes {
		numbers[i] = fmt.Sprint(n)
	}
	return []setting{
		{"country", r.Country},
		{"place", place},
		{"as", text(r.AS)},
		{"only-countries", strings.Join(r.Audience.Countries, ",")},
		{"not-countries", strings.Join(r.Audience.Not, ",")},
		{"only-as", strings.Join(numbers, ",")},
		{"max-file", text(strict.Size(r.Audience.MaxFile))},
	}
}
