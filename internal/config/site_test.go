package config

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/mirror"
)

// All that the file says of a site reaches the rest of the tracker.
func TestSite(t *testing.T) {
	u, err := mirror.ParseURL("ftp://a.example/")
	if err != nil {
		t.Fatal(err)
	}
	got := Site{
		Name: "a", URL: u, Serving: []mirror.URL{u}, Weight: new(7), Schedule: "@daily", Zone: "UTC",
		Listing: "stat", Connections: 3, Rate: 1.5, Bandwidth: 1 << 20, Hours: "22-6", Pause: strict.Span(time.Hour),
		TLS: "explicit", CA: "ca.pem", Insecure: true, Family: "ipv6", User: "m", Password: "env:X",
		Country: "de", Latitude: new(52.5), Longitude: new(13.4), AS: 680,
		OnlyCountries: []string{"de"}, NotCountries: []string{"at"}, OnlyAS: []uint32{1}, MaxFile: 1 << 30,
	}.Site()
	want := mirror.Site{
		Name: "a", URL: u, Serving: []mirror.URL{u}, Weight: 7, Schedule: "@daily", Zone: "UTC",
		Visit: mirror.Visit{
			Listing: "stat", Connections: 3, Rate: 1.5, Bandwidth: 1 << 20, Hours: "22-6", Pause: time.Hour,
			TLS: "explicit", CA: "ca.pem", Insecure: true, Family: "ipv6", User: "m", Password: "env:X",
		},
		Reach: mirror.Reach{
			Country: "de", Place: &mirror.Place{Latitude: 52.5, Longitude: 13.4}, AS: 680,
			Audience: mirror.Audience{Countries: []string{"de"}, Not: []string{"at"}, ASes: []uint32{1}, MaxFile: 1 << 30},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, value := range []reflect.Value{reflect.ValueOf(got), reflect.ValueOf(got.Visit), reflect.ValueOf(got.Reach), reflect.ValueOf(got.Audience)} {
		for i := range value.NumField() {
			name := value.Type().Field(i).Name
			if value.Field(i).IsZero() && name != "Learnt" { // of declared sites none is
				t.Errorf("the test leaves %s out", name)
			}
		}
	}
}
