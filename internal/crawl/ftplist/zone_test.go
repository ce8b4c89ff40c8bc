package ftplist

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn/ftpscript"
)

// anHourLater says of every file that it was modified an hour later than
// listed.
var anHourLater = say("213 20260220110000")

func TestZoneContradicted(t *testing.T) {
	t.Parallel()
	s := open(t, script{"LIST": transfer(dots + dir + file), "MDTM": anHourLater}, nil)
	s.restart(t, "/")
	for range 2 {
		s.want(t, "/", digest.Complete, aDir, "file file -")
	}
	// Once, and once more lest the file had just changed.
	if n := s.Count("MDTM"); n != 2 {
		t.Errorf("MDTM %d times", n)
	}
}

// A file that changes between LIST and MDTM says nothing about the zone.
func TestZoneOfAFileThatChanges(t *testing.T) {
	t.Parallel()
	later := strings.ReplaceAll(file, "10:00", "11:00")
	s := open(t, script{"LIST": inTurn(transfer(dots+file), transfer(dots+later)), "MDTM": anHourLater}, nil)
	s.want(t, "/", digest.Complete, aFile)
	if s.Count("MDTM") != 2 || s.Count("LIST") != 2 {
		t.Errorf("%q", s.Commands())
	}
}

func TestZoneOfOldFiles(t *testing.T) {
	t.Parallel()
	const old = "-rw-r--r-- 1 ftp ftp 5 Feb 20  2020 file\r\n"
	s := open(t, script{"LIST": transfer(dots + old), "MDTM": say("213 20200220235959")}, nil)
	s.want(t, "/", digest.Complete, "file file 2020-02-20")
	s = open(t, script{"LIST": transfer(dots + old), "MDTM": say("213 20200221003000")}, nil)
	s.restart(t, "/")
	s.want(t, "/", digest.Complete, "file file -")
}

// One file of each month and kind of date is compared, on the whole site.
func TestZoneAgreed(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString(dots)
	for i := range 100 {
		fmt.Fprintf(&text, "-rw-r--r-- 1 ftp ftp 5 Feb 20 10:00 new%d\r\n", i)
		fmt.Fprintf(&text, "-rw-r--r-- 1 ftp ftp 5 Jan 20 10:00 january%d\r\n", i)
		fmt.Fprintf(&text, "-rw-r--r-- 1 ftp ftp 5 Feb 20  2020 old%d\r\n", i)
	}
	s := open(t, script{
		"LIST":          transfer(text.String()),
		"MDTM new0":     say("213 20260220100059"),
		"MDTM january0": say("213 20260120100000.123"),
		"MDTM old0":     say("213 20200220120000"),
	}, nil)
	for range 3 {
		if found := s.list(t, "/"); len(found.Entries) != 300 || !found.Entries[299].Date.Known() {
			t.Errorf("%d entries", len(found.Entries))
		}
	}
	if n := s.Count("MDTM"); n != 3 {
		t.Errorf("%q", commands(s, "MDTM"))
	}
}

// A server that does not know MDTM is asked once; one that does not tell of some
// files is asked a few times.
func TestZoneUntold(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	many.WriteString(dots)
	for i := range 10 {
		many.WriteString(strings.ReplaceAll(file, "file", fmt.Sprintf("file%d", i)))
	}
	for reply, want := range map[string]int{"500 what?": 1, "502 not here": 1, "550 no": maxUntold + 1, "213 yesterday": maxUntold + 1} {
		s := open(t, script{"LIST": transfer(many.String()), "MDTM": say(reply)}, nil)
		for range maxUntold + 5 {
			if found := s.list(t, "/"); found.Reason != digest.Complete || found.Entries[0].Date.String() != "2026-02-20" {
				t.Errorf("%s: %s", reply, summary(found))
			}
		}
		if n := s.Count("MDTM"); n != want {
			t.Errorf("%s: MDTM %d times, want %d", reply, n, want)
		}
	}
	s := open(t, script{"LIST": transfer(dots + file), "MDTM": inTurn(ftpscript.HangUp, say("213 20260220100000"))}, nil)
	s.fail(t, "/")
	s.want(t, "/", digest.Complete, aFile)
}

func TestZoneDeclared(t *testing.T) {
	t.Parallel()
	const late = "-rw-r--r-- 1 ftp ftp 5 Feb 20 23:30 late\r\n-rw-r--r-- 1 ftp ftp 5 Feb 20  2020 old\r\n"
	s := open(t, script{"LIST": transfer(dots + late)}, func(c *Config) { c.Zone = time.FixedZone("west", -3600) })
	s.want(t, "/", digest.Complete, "file late 2026-02-21", "file old -")
	if n := s.Count("MDTM"); n != 0 {
		t.Errorf("MDTM %d times, though the zone is declared", n)
	}
}

// Dates that tell their zone tell nothing about those that do not.
func TestZoneInTheListing(t *testing.T) {
	t.Parallel()
	const zoned = "-rw-r--r-- 1 ftp ftp 5 2026-02-20 23:30:00.000000000 -0100 zoned\r\n"
	s := open(t, script{"LIST": transfer(dots + zoned), "MDTM": anHourLater}, nil)
	s.want(t, "/", digest.Complete, "file zoned 2026-02-21")
	if n := s.Count("MDTM"); n != 0 {
		t.Errorf("MDTM %d times", n)
	}
}

// Directories, links and hidden names are not asked about: their times do not
// count.
func TestZoneOfFilesOnly(t *testing.T) {
	t.Parallel()
	hidden := strings.ReplaceAll(file, "file", ".file")
	s := open(t, script{"LIST": transfer(dots + dir + link + hidden), "MDTM": anHourLater}, nil)
	if found := s.list(t, "/"); found.Reason != digest.Complete || s.Count("MDTM") != 0 {
		t.Errorf("%s, %q", summary(found), commands(s, "MDTM"))
	}
}

// Where MDTM turns out to tell nothing, and MLSD does, dates of LIST that were believed
// without a check are not.
func TestMLSDInPlaceOfMDTM(t *testing.T) {
	t.Parallel()
	midnight := strings.Replace(file, "10:00", "23:30", 1) // of the 21st in UTC
	told := mlsdDots + "type=file;size=5;modify=20260221003000; file\r\n"
	for answer, untold := range map[string]int{"502 no such command": 0, "550 no": maxUntold} {
		s := open(t, script{
			"FEAT": offersMLSD, "MDTM": say(answer),
			"LIST": byDir(map[string]string{"/": dots + midnight, "/x": dots + dir + link}),
			"MLSD": byDir(map[string]string{"/": told, "/x": mlsdDots + mlsdDir + mlsdLink}),
		}, nil)
		s.want(t, "/x", digest.Complete, aDir, aLink)
		for range untold {
			s.want(t, "/", digest.Complete, "file file 2026-02-20")
		}
		s.restart(t, "/")
		s.want(t, "/", digest.Complete, "file file 2026-02-21")
	}
}
