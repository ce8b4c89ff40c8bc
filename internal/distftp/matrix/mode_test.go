package matrix

import "strings"

// A way is how the client has a data connection opened.
type way struct {
	verb string // PORT, EPRT, PASV or EPSV
	pret bool   // the server is told what for, before
	ipv6 bool
}

// ways are all that there are: PORT and PASV know IPv4 only.
var ways = []way{
	{verb: "PORT"},
	{verb: "EPRT"},
	{verb: "EPRT", ipv6: true},
	{verb: "PASV"},
	{verb: "EPSV"},
	{verb: "EPSV", ipv6: true},
	{verb: "PASV", pret: true},
	{verb: "EPSV", pret: true},
	{verb: "EPSV", pret: true, ipv6: true},
}

// String is the way's name in the table.
func (w way) String() string {
	var words []string
	if w.pret {
		words = append(words, "PRET")
	}
	words = append(words, w.verb)
	if w.ipv6 {
		words = append(words, "IPv6")
	}
	return strings.Join(words, " ")
}

// active reports whether the server connects to the client.
func (w way) active() bool { return w.verb == "PORT" || w.verb == "EPRT" }

// extended reports whether the commands of RFC 2428 are used.
func (w way) extended() bool { return w.verb == "EPRT" || w.verb == "EPSV" }

// A protection is how control and data connections are protected.
type protection string

const (
	plain    protection = "no TLS"
	explicit protection = "explicit TLS" // AUTH TLS, PROT P (RFC 4217)
	implicit protection = "implicit TLS" // from the first byte on, on a port of its own; PROT P
)

var protections = []protection{plain, explicit, implicit}
