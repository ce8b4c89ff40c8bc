package main

import (
	"slices"
	"testing"
)

func TestVerdicts(t *testing.T) {
	b := &bench{options: &runCommand{}}
	for _, f := range []struct {
		name  string
		value float64
	}{
		{fullSize, 940}, {listingSize, 1000}, {deltaSize, 20}, {deltaTrees, 10}, {secondSize, 30}, {secondTrees, 5},
		{importRate + "SQLite", 9_999}, {importMemory + "SQLite", 149}, {importRate + "MariaDB", 20_000},
	} {
		b.note(f.name, f.value, "")
	}
	var got []string
	for _, v := range b.judge() {
		got = append(got, v.String())
	}
	want := []string{
		"ok full pack to the listing 94.0 % (asked: at most 100 %)",
		"short delta to the full pack 2.13 % (asked: at most 2.00 %)",
		"short second mirror, bytes for a directory 6.00 (asked: at most 4.00, twice that of the delta)",
		"short import into SQLite 9,999 trees/s (asked: at least 10,000)",
		"ok memory for import into SQLite 149 MiB (asked: less than 150)",
		"ok import into MariaDB 20,000 trees/s (asked: at least 20,000)",
		"skip memory for import into MariaDB (not measured)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
