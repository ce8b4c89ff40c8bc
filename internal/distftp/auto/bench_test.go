package auto

import (
	"fmt"
	"net/netip"
	"testing"
)

// What an answer costs among two hundred replicas, for a client that was there before and for
// new ones.
func BenchmarkMembers(b *testing.B) {
	k, d := newTracker(b), newDisk(b)
	games().put(b, d, "pub")
	for i := range 200 {
		k.crawled(b, site(fmt.Sprint("site", i), fmt.Sprintf("ftp://site%d.example/", i)), "/games", games())
	}
	f := newFinder(b, k, d, nil)
	bound := Binding{Dir: "/pub"}
	f.SetBindings([]Binding{bound})
	refresh(b, f)
	q := question(bound, "/pub/new/chess.zip", 300)
	for name, client := range map[string]func(i int) netip.Addr{
		"known client": func(int) netip.Addr { return q.Client },
		"new client":   func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				q.Client = client(i)
				if all, err := f.Members(q); len(all) != maxMembers || err != nil {
					b.Fatal(len(all), err)
				}
			}
		})
	}
}

// What it costs to find out what a directory of a hundred thousand files in a thousand
// directories amounts to, and to do so again after one of them has changed.
func BenchmarkSurvey(b *testing.B) {
	d := newDisk(b)
	for i := range 100_000 {
		d.put(b, fmt.Sprintf("pub/%02d/%02d/%d", i/100%100, i/10_000, i), 0)
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			amount(b, newSurvey(d, "/pub"))
		}
	})
	b.Run("one change", func(b *testing.B) {
		s := newSurvey(d, "/pub")
		amount(b, s)
		for b.Loop() {
			s.changed("/pub/07/07/x")
			amount(b, s)
		}
	})
}
