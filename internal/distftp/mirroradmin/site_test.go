package mirroradmin

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/mirror"
)

// password is what no answer may show.
const password = "s3same"

// store has mirrors in a database of its own.
func store(t testing.TB) *mirrors.Store {
	t.Helper()
	dir := t.TempDir()
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(dir, "ftpd.db"), database.FTPServer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := mirrors.Open(t.Context(), mirrors.Config{
		DB: db, Key: mirrors.OpenKey(filepath.Join(dir, "key")), Auto: []mirror.Path{"/auto"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// site has them for a control connection: one of its servers works, and one rests.
func site(t testing.TB) Site {
	return Site{
		Store: store(t),
		Directory: func(_ context.Context, p mirror.Path) error {
			if p.Name() == "misspelt" {
				return errors.New("there is no such directory")
			}
			return nil
		},
		Probe: func(_ context.Context, a *mirrors.Alias) (foreign.Abilities, error) {
			if a.Host == "down" {
				return foreign.Abilities{}, errors.New("connection refused")
			}
			return foreign.Abilities{Port: foreign.Yes, Passive: foreign.No, REST: foreign.Yes, Connections: 3}, nil
		},
		State: func() mirrors.State {
			return mirrors.State{
				Sites: []mirrors.Site{
					{Alias: "/far", Waiting: 2, Connections: []mirrors.Connection{{State: "in use", Since: time.Now(), Doing: "RETR", Peer: "192.0.2.1:21"}}},
					{Alias: "/down", Resting: time.Now().Add(time.Minute), Error: "connection refused"},
				},
				Faults: []mirrors.Fault{{Member: "/far", Dir: "/stuff", Path: "/stuff/f", Why: "it has 3 bytes, not 4"}},
				Found:  []mirrors.Found{{Dir: "/auto", Members: 2}},
			}
		},
	}
}

// resolve has the client in the directory /stuff.
func resolve(text string) (mirror.Path, error) {
	if !strings.HasPrefix(text, "/") {
		text = "/stuff/" + text
	}
	return mirror.ParsePath(text)
}

// Administrators say on a control connection what Dftpd understood, and more.
func TestManage(t *testing.T) {
	s := site(t)
	for _, tt := range []struct {
		line string
		want control.Outcome
		text string // somewhere in the answer
	}{
		{"REMOTE ADDALIAS /far ftp.example.org 21 user " + password + " /", control.Done, "/far is user at ftp.example.org:21/\nftp.example.org:21 allows: port yes, eprt unknown, pasv no"},
		{"REMOTE ADDALIAS /far ftp.example.org 21 user " + password + " /", control.Failed, "there is an alias /far already\nhint: SITE REMOTE change changes it"},
		{"remote addalias down down 2121 user -" + password + " /pub", control.Done, "/stuff/down is user at down:2121/pub\ndown:2121 does not work yet: connection refused"},
		{"REMOTE ADDALIAS /x ftp.example.org 21 user " + password + " --limit 3 --tls explicit --tunnel", control.Done, "/x is user at ftp.example.org:21/"},
		{"REMOTE ADDALIAS /y ftp.example.org 0 user " + password + " /", control.Misused, "port: want 1 to 65535"},
		{"REMOTE ADDALIAS /y ftp.example.org x user " + password + " /", control.Misused, "port"},
		{"REMOTE ADDALIAS /y 'a b' 21 user " + password + " /", control.Misused, `host "a b": want a name or an address`},
		{"REMOTE ADDALIAS /y ftp.example.org 21 user " + password + " pub", control.Misused, `remote root "pub"`},
		{"REMOTE ADDALIAS /y ftp.example.org 21", control.Misused, "<user> <password>"},
		{"REMOTE ADDALIAS / ftp.example.org 21 user " + password + " /", control.Misused, "the root cannot be an alias"},
		{"REMOTE ALIAS /x", control.Done, "tunnel              on"},
		{"REMOTE ALIAS /nothing", control.Failed, "no such alias: /nothing\nhint: SITE REMOTE aliases"},
		{"REMOTE TUNNEL /x OFF", control.Done, "/x: transfers are relayed where"},
		{"REMOTE TUNNEL /x perhaps", control.Misused, "not on or off"},
		{"REMOTE CHANGE /x HOST 2001:db8::1", control.Done, "changed host of /x"},
		{"REMOTE CHANGE /x HOST [2001:DB8:0::1]", control.Done, "2001:db8::1"},
		{"REMOTE CHANGE /x HOST [192.0.2.1]", control.Failed, "want a name or an address"},
		{"REMOTE CHANGE /x PASS -" + password, control.Done, "changed pass of /x"},
		{"REMOTE CHANGE /x PORT 990", control.Done, "changed port of /x"},
		{"REMOTE CHANGE /x USER ann", control.Done, "changed user of /x"},
		{"REMOTE CHANGE /x ROOT /pub", control.Done, "changed root of /x"},
		{"REMOTE CHANGE /x TLS IMPLICIT", control.Done, "changed tls of /x"},
		{"REMOTE CHANGE /x LIMIT 0", control.Done, "changed limit of /x"},
		{"REMOTE CHANGE /x LIMIT -1", control.Failed, "limit"},
		{"REMOTE CHANGE /x COLOUR red", control.Misused, `"COLOUR" is not one of host, port, user, pass, root, tls, limit`},
		{"REMOTE CHANGE /x HOST", control.Misused, "say what it is from now on"},
		{"REMOTE ALIASES", control.Done, "/x           [2001:db8::1]:990   ann   /pub  implicit      8  off"},
		{"REMOTE ALIASES --json", control.Done, `"host": "2001:db8::1"`},

		{"REMOTE ADDMIRROR 1 60 LOCAL", control.Done, "MirrorID 1: LOCAL has weight 60, 100.0% of downloads"},
		{"REMOTE ADDMIRROR 1 40 /far", control.Done, "MirrorID 1: /far has weight 40, 40.0% of downloads"},
		{"REMOTE ADDMIRROR 0 15 local", control.Done, "MirrorID 2: LOCAL has weight 15"},
		{"REMOTE ADDMIRROR 2 45 /stuff/down", control.Done, "MirrorID 2: /stuff/down has weight 45, 75.0% of downloads"},
		{"REMOTE ADDMIRROR 1 40 /nothing", control.Failed, "no such alias: /nothing"},
		{"REMOTE ADDMIRROR -1 40 /far", control.Misused, "unknown flag -1"},
		{"REMOTE DEFMIRROR 2 down", control.Done, "MirrorID 2: /stuff/down is the default"},
		{"REMOTE DEFMIRROR 3 LOCAL", control.Failed, "no such mirror entry: 3"},
		{"REMOTE DELALIAS /far", control.Failed, "alias /far is in use: it is a member of 1 mirror entry: 1"},

		{"DIRMIRROR /stuff/games", control.Done, "/stuff/games: MirrorID = 0"},
		{"DIRMIRROR 1 /stuff/games", control.Done, "/stuff/games: MirrorID = 1"},
		{"DIRMIRROR games/old", control.Done, "/stuff/games/old: MirrorID = 1, as of /stuff/games"},
		{"DIRMIRROR auto /own", control.Done, "/own: MirrorID = AUTO"},
		{"DIRMIRROR AUTO /deb ftp://ftp.debian.org/debian/", control.Done, "/deb: MirrorID = AUTO ftp://ftp.debian.org/debian/"},
		{"DIRMIRROR 0 /deb", control.Done, "/deb: MirrorID = 0"},
		{"DIRMIRROR 1 /stuff/misspelt", control.Failed, "/stuff/misspelt cannot be mirrored: there is no such directory"},
		{"DIRMIRROR AUTO misspelt", control.Failed, "/stuff/misspelt cannot be mirrored"},
		{"DIRMIRROR AUTO misspelt ftp://ftp.debian.org/debian/", control.Failed, "/stuff/misspelt cannot be mirrored"},
		{"DIRMIRROR misspelt", control.Done, "/stuff/misspelt: MirrorID = 0"},
		{"DIRMIRROR 0 misspelt", control.Done, "/stuff/misspelt: MirrorID = 0"},
		{"DIRMIRROR 0 /auto", control.Failed, "/auto is mirrored by auto_mirror in the configuration"},
		{"DIRMIRROR 7 /stuff", control.Failed, "no such mirror entry: 7"},
		{"DIRMIRROR x /stuff", control.Misused, `MirrorID "x": want a number`},
		{"DIRMIRROR 1 /a b", control.Misused, "in quotes where it has blanks"},
		{"DIRMIRROR 1 /far/x", control.Failed, "below the alias /far"},

		{"REMOTE MIRRORS", control.Done, "1       LOCAL        60      60.0%  default  -"},
		{"REMOTE MIRRORS", control.Done, "1       /far         40      40.0%  -        yes   ?     no    ?     yes   ?     ?     ?    ready"},
		{"REMOTE MIRRORS", control.Done, "/auto         AUTO    -    2 replicas"},
		{"REMOTE MIRRORS", control.Done, "/far  /stuff     /stuff/f  it has 3 bytes, not 4"},
		{"REMOTE MIRRORS --json", control.Done, `"share": 0.75`},
		{"REMOTE CONNECTIONS", control.Done, "/far         2  in use   0.0s"},
		{"REMOTE CONNECTIONS", control.Done, "resting"},
		{"REMOTE DISCONNECT /far", control.Done, "/far: connections are closed"},
		{"REMOTE DISCONNECT /nothing", control.Failed, "no such alias"},

		{"REMOTE DELMIRROR 1 LOCAL", control.Done, "MirrorID 1: LOCAL is removed; 1 site is left, of which /far is the default"},
		{"REMOTE DELMIRROR 1 /far", control.Failed, "1 directory is bound to it: /stuff/games"},
		{"DIRMIRROR 0 /stuff/games", control.Done, "/stuff/games: MirrorID = 0"},
		{"REMOTE DELMIRROR 1 /far", control.Done, "MirrorID 1: /far is removed, and with it the entry"},
		{"REMOTE DELALIAS /far", control.Done, "/far is no alias any more"},

		{"REMOTE", control.Misused, "hint: SITE REMOTE --help"},
		{"REMOTE FROBNICATE", control.Misused, "unexpected argument frobnicate"},
		{"REMOTE 'x", control.Misused, "Quotes"},
		{"REMOTE HELP", control.Done, "SITE REMOTE CHANGE path HOST|PORT|USER|PASS|ROOT|TLS|LIMIT value"},
		{"REMOTE --help", control.Done, "addmirror"},
		{"REMOTE HELP ADDALIAS", control.Done, "SITE REMOTE ADDALIAS /remote_site_3"},
		{"REMOTE ADDMIRROR --help", control.Done, "SITE REMOTE addmirror 1 60 LOCAL"},
		{"DIRMIRROR --help", control.Done, "SITE DIRMIRROR 1 /stuff/games"},
	} {
		outcome, lines := s.Manage(t.Context(), tt.line, resolve)
		text := strings.Join(lines, "\n")
		if outcome != tt.want || !strings.Contains(text, tt.text) {
			t.Errorf("%s: %d, want %d with %q\n%s", tt.line, outcome, tt.want, tt.text, text)
		}
		if strings.Contains(text, password) {
			t.Errorf("%s: the password is shown\n%s", tt.line, text)
		}
	}
}

// No list is null in JSON, be there nothing at all or servers without anything.
func TestLists(t *testing.T) {
	bare, some := site(t), site(t)
	bare.State = func() mirrors.State { return mirrors.State{} }
	for _, line := range []string{"REMOTE ADDALIAS /far far 21 user " + password, "REMOTE ADDMIRROR 1 0 LOCAL", "REMOTE ADDMIRROR 1 1 /far"} {
		if outcome, lines := some.Manage(t.Context(), line, resolve); outcome != control.Done {
			t.Fatal(lines)
		}
	}
	for _, line := range []string{
		"REMOTE CONNECTIONS --json", "REMOTE MIRRORS --json", "REMOTE ALIASES --json", "REMOTE ALIAS /far --json", "DIRMIRROR /stuff --json",
		"REMOTE ADDMIRROR 1 2 /far --json", "REMOTE DELMIRROR 1 /far --json", "REMOTE DELMIRROR 1 LOCAL --json", "REMOTE DISCONNECT /far --json", "REMOTE DELALIAS /far --json",
	} {
		for _, s := range []Site{bare, some} {
			_, lines := s.Manage(t.Context(), line, resolve)
			if text := strings.Join(lines, "\n"); strings.Contains(text, "null") {
				t.Errorf("%s: %s", line, text)
			}
		}
	}
}

// Whatever an administrator writes is understood or refused, and shows no password.
func FuzzManage(f *testing.F) {
	for _, line := range []string{
		"REMOTE ADDALIAS /a h 21 user pass /", "REMOTE CHANGE /far PASS -x", "DIRMIRROR AUTO /a ftp://h/", "REMOTE ADDMIRROR 0 1 '/far'",
		"REMOTE MIRRORS --json", "REMOTE --help", "DIRMIRROR -- -1", "REMOTE HELP ADDALIAS", `REMOTE "`, "",
	} {
		f.Add(line)
	}
	s := site(f)
	if outcome, lines := s.Manage(f.Context(), "REMOTE ADDALIAS /far h 21 user "+password+" /", resolve); outcome != control.Done {
		f.Fatal(lines)
	}
	f.Fuzz(func(t *testing.T, line string) {
		outcome, lines := s.Manage(t.Context(), line, resolve)
		if len(lines) == 0 || outcome != control.Done && lines[0] == "" {
			t.Errorf("%q: outcome %d with %q", line, outcome, lines)
		}
		if text := strings.Join(lines, "\n"); strings.Contains(text, password) && !strings.Contains(line, password) {
			t.Errorf("%q: the password is shown: %s", line, text)
		}
	})
}
