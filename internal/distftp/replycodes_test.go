package distftp_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
)

// allowed are the codes with which a command may be answered (RFC 959, 5.4, and the RFCs
// of those that came later), besides 421, 500, 501, 502 and 530, which may answer any.
// ALLO, DELE and RMD say more of why they fail than RFC 959 had in mind.
var allowed = map[string]string{
	"ABOR": "225 226", "ACCT": "202 230 503", "ALLO": "200 202 504 452", "APPE": "425 450 452 532 550 551 552 553 150 125",
	"CDUP": "200 250 550", "CWD": "250 550", "DELE": "250 450 550", "EPRT": "200 522", "EPSV": "229 522", "FEAT": "211",
	"HELP": "211 214", "HOST": "220 503 504", "LANG": "200 504", "LIST": "125 150 425 450 550", "MDTM": "213 550", "MKD": "257 550 521",
	"MLSD": "125 150 425 550", "MLST": "250 550", "MODE": "200 504", "NLST": "125 150 425 450 550", "NOOP": "200", "OPTS": "200 451",
	"PASS": "202 230 332 503", "PASV": "227", "PBSZ": "200 503", "PORT": "200", "PROT": "200 503 504 534 536", "PWD": "257 550",
	"REST": "350", "RETR": "110 125 150 425 450 550 554", "RMD": "250 550", "RNFR": "350 450 550", "RNTO": "250 503 532 550 553",
	"SITE": "200 202", "SIZE": "213 550", "SMNT": "", "STAT": "211 212 213 450 550", "STOR": "125 150 425 450 452 532 550 551 552 553",
	"STOU": "125 150 425 450 452 550 551 552 553", "STRU": "200 504", "SYST": "215", "TYPE": "200 504", "USER": "230 331 332", "CCC": "200 533 534",
}

// Every command is answered once and in its turn, with a code that is meant for it, when
// all arrive in one piece, each with Telnet's Interrupt Process and Synch before it:
// before the login and after it, without an argument, and with several.
func TestEveryCommandIsAnswered(t *testing.T) {
	addr := serve(t, distftp.Config{FS: openFolder(t, forest(t)), Access: control.ReadWrite})
	words := regexp.MustCompile(`\b[A-Z0-9]{3,7}\b`)
	c := login(t, addr)
	help := c.do("HELP", "214-")
	verbs := words.FindAllString(strings.Join(lines(help)[1:], "\n"), -1)
	verbs = slices.DeleteFunc(verbs, func(verb string) bool { return verb == "214" || verb == "QUIT" || verb == "REIN" || verb == "USER" })
	if len(verbs) < 60 {
		t.Fatalf("HELP: %q", help)
	}
	// No transfer is to wait for its data connection.
	verbs = slices.Insert(verbs, slices.Index(verbs, "EPSV")+1, "ABOR")
	verbs = slices.Insert(verbs, slices.Index(verbs, "PASV")+1, "ABOR")
	verbs = append(verbs, "USER", "SMNT", "ADAT", "MIC", "LPRT", "XRCP", "FROB")
	for _, arg := range []string{"", " ", " nothere", " a.txt", " sub", " *", " -a", " \"a.txt\" 0 1", " 20200101000000 a.txt", " \xff\xfe\xe9", " 5", " ON", " I"} {
		for _, in := range []bool{false, true} {
			c := dial(t, addr)
			if in {
				c = login(t, addr)
			}
			var all strings.Builder
			for _, verb := range verbs {
				// Enough of them to be a queue, few enough to be written before one is read.
				all.WriteString("\xff\xf4\xff\xf2" + verb + arg + "\r\n")
			}
			c.raw(all.String() + "NOOP\r\n")
			for _, verb := range verbs {
				got := c.reply()
				codes, known := allowed[strings.TrimPrefix(verb, "X")]
				if len(got) < 4 || known && !strings.Contains(codes+" 421 500 501 502 530", got[:3]) || got[0] == '1' || !in && got[0] == '2' && verb == "STOR" {
					t.Errorf("%s%s: %q", verb, arg, got)
				}
			}
			if got := c.reply(); got != "200 OK\r\n" {
				t.Errorf("out of step after %q: %q", arg, got)
			}
		}
	}
}
