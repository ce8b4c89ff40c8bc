package matrix

import (
	"maps"
	"os/exec"
	"strings"
	"testing"

	"mirrortracker/internal/testbed"
)

// What several clients lack, and why.
var (
	noPret           = lack("does not know PRET", "PRET PASV", "PRET EPSV", "PRET EPSV IPv6")
	alwaysPret       = lack("sends PRET wherever it is offered", "PASV", "EPSV", "EPSV IPv6")
	noTLS            = lack("has no TLS with FTP", string(explicit), string(implicit))
	noExtended       = lack("does not know RFC 2428, and so no IPv6", "EPRT", "EPRT IPv6", "EPSV", "EPSV IPv6")
	onlyIPv6Extended = lack("uses the commands of RFC 2428 with IPv6 only", "EPRT", "EPSV")
	onlyPassive      = lack("has passive mode only", "PORT", "EPRT", "EPRT IPv6")
	onlyDownloads    = lack("only downloads", "upload", "resumed upload", "rename", "delete")
	noListings       = lack("does not show listings", "listing", "20,000 entries")
)

func lack(why string, names ...string) map[string]string {
	m := map[string]string{}
	for _, name := range names {
		m[name] = why
	}
	return m
}

// apart says why ways do not go together with protections.
func apart(why string, ways []string, protections ...protection) map[[2]string]string {
	m := map[[2]string]string{}
	for _, w := range ways {
		for _, p := range protections {
			m[[2]string{w, string(p)}] = why
		}
	}
	return m
}

// lacking joins what a client lacks.
func lacking(parts ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, p := range parts {
		maps.Copy(all, p)
	}
	return all
}

// firstLine makes a version of the first line that a program prints.
func firstLine(program string, args ...string) func(*testing.T) string {
	return func(t *testing.T) string {
		out, err := exec.Command(testbed.Need(t, program), args...).Output()
		if err != nil {
			t.Fatalf("%s: %v", program, err)
		}
		line, _, _ := strings.Cut(string(out), "\n")
		return line
	}
}

// debianVersion is that of a package.
func debianVersion(name string) func(*testing.T) string {
	return func(t *testing.T) string {
		out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", name).Output()
		if err != nil {
			t.Fatalf("dpkg-query %s: %v", name, err)
		}
		return string(out)
	}
}
