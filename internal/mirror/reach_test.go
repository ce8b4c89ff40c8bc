package mirror

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReachValidate(t *testing.T) {
	nan := math.NaN()
	for want, bad := range map[string]Reach{
		"is not two letters of ISO 3166-1 such as de": {Country: "germany"},
		"the United Kingdom is gb":                    {Country: "uk"},
		"write de":                                    {Country: "DE"},
		"latitude 90.1":                               {Place: &Place{Latitude: 90.1}},
		"latitude NaN":                                {Place: &Place{Latitude: nan}},
		"longitude -180.1":                            {Place: &Place{Longitude: -180.1}},
		"longitude NaN":                               {Place: &Place{Longitude: nan}},
		`only_countries: country "zz"`:                {Audience: Audience{Countries: []string{"de", "zz"}}},
		`not_countries: country ""`:                   {Audience: Audience{Not: []string{""}}},
		"in only_countries and in not_countries":      {Audience: Audience{Countries: []string{"de"}, Not: []string{"de"}}},
		"0 is no autonomous system":                   {Audience: Audience{ASes: []uint32{0}}},
		"only_as has 1001":                            {Audience: Audience{ASes: make([]uint32, 1001)}},
		"not_countries has 1001":                      {Audience: Audience{Not: make([]string, 1001)}},
		"max_file -1 is negative":                     {Audience: Audience{MaxFile: -1}},
	} {
		site := Site{Name: "a", URL: URL{Scheme: "ftp", Host: "a.example", Port: 21, Base: "/"}, Reach: bad}
		if err := site.Validate(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "site a:") {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

// The same is equal, and whatever differs is not.
func TestReachEqual(t *testing.T) {
	all := []Reach{
		{},
		{Country: "de"},
		{AS: 1},
		{Place: &Place{}},
		{Place: &Place{Latitude: 1}},
		{Audience: Audience{Countries: []string{"de"}}},
		{Audience: Audience{Not: []string{"de"}}},
		{Audience: Audience{ASes: []uint32{1}}},
		{Audience: Audience{MaxFile: 1}},
	}
	for i, a := range all {
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		for j, b := range all {
			if a.Equal(b) != (i == j) {
				t.Errorf("%+v and %+v are equal: %v", a, b, i != j)
			}
		}
		var read Reach
		if err := json.Unmarshal(text, &read); err != nil || !read.Equal(a) {
			t.Errorf("%s is read back as %+v, %v", text, read, err)
		}
	}
}

// A site's JSON has where it is and whom it serves beside the rest of it.
func TestReachInJSON(t *testing.T) {
	site := Site{
		Name: "a", URL: URL{Scheme: "ftp", Host: "a.example", Port: 21, Base: "/"}, Weight: 1,
		Reach: Reach{Country: "de", Place: &Place{Latitude: 52.5, Longitude: 13.4}, AS: 680, Audience: Audience{Not: []string{"at"}, MaxFile: 7}},
	}
	text, err := json.Marshal(site)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"name":"a","url":"ftp://a.example/","weight":1,"country":"de","place":{"latitude":52.5,"longitude":13.4},"as":680,"audience":{"not":["at"],"max_file":7}}`
	if string(text) != want {
		t.Errorf("got %s\nwant %s", text, want)
	}
	var read Site
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(site, read); diff != "" {
		t.Error(diff)
	}
}

func TestCountries(t *testing.T) {
	codes := Countries()
	if len(codes) != 250 {
		t.Errorf("%d countries", len(codes))
	}
	for _, code := range codes {
		if err := ValidCountry(code); err != nil {
			t.Error(err)
		}
	}
	for _, code := range []string{"", "d", "deu", "zz", "xx", "eu", "d\n", "\nd", " a", "e "} {
		if ValidCountry(code) == nil {
			t.Errorf("%q passes", code)
		}
	}
}
