package main

import (
	"testing"

	"mirrortracker/internal/distftp/config"
)

func TestOurs(t *testing.T) {
	c := config.Default()
	c.Listen, c.Hosts = ":2121 192.0.2.9:21", []string{"ftp.example", "[2001:db8::9]"}
	is := ours(&c)
	for _, test := range []struct {
		host string
		port uint16
		want bool
	}{
		{"ftp.example", 2121, true},
		{"ftp.example", 21, true}, // by whichever of its addresses
		{"ftp.example", 990, false},
		{"other.example", 2121, false},
		{"127.0.0.1", 2121, true},
		{"127.0.0.1", 2122, false},
		{"2001:db8::9", 21, true},
		{"192.0.2.9", 21, true},
		{"192.0.2.8", 21, false},
		{"", 2121, false},
	} {
		if got := is(test.host, test.port); got != test.want {
			t.Errorf("%s, port %d: %v", test.host, test.port, got)
		}
	}
}
