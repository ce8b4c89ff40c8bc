package listing

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/digest"
)

// A lineTest is one line and what it means: an entry, or why it is refused.
type lineTest struct {
	line string
	want Entry
	why  string
}

func file(name string, size int64, s Stamp) Entry {
	return Entry{Name: name, Kind: digest.File, Size: size, Stamp: s}
}
func dir(name string, s Stamp) Entry { return Entry{Name: name, Kind: digest.Dir, Stamp: s} }
func link(name, target string, s Stamp) Entry {
	return Entry{Name: name, Kind: digest.Link, Target: target, Stamp: s}
}
func other(name string, s Stamp) Entry { return Entry{Name: name, Kind: digest.Other, Stamp: s} }

// day, minute and recent are the stamps of 2023-01-05, of 12:34 on that day,
// and of that without the year.
var (
	day    = Stamp{Year: 2023, Month: 1, Day: 5, HasYear: true}
	minute = Stamp{Year: 2023, Month: 1, Day: 5, Hour: 12, Min: 34, HasYear: true, HasTime: true}
	recent = Stamp{Month: 1, Day: 5, Hour: 12, Min: 34, HasTime: true}
	utc    = Stamp{Year: 2023, Month: 1, Day: 5, Hour: 12, Min: 34, HasYear: true, HasTime: true, UTC: true}
	second = Stamp{Year: 2023, Month: 1, Day: 5, Hour: 12, Min: 34, Sec: 56, HasYear: true, HasTime: true, UTC: true}
)

func check(t *testing.T, parse func([]byte) (Listing, error), tests []lineTest) {
	t.Helper()
	for _, c := range tests {
		got, err := parse([]byte(c.line + "\r\n"))
		if c.why != "" {
			var bad *LineError
			if !errors.As(err, &bad) || bad.Why != c.why || bad.Line != 1 || len(got.Entries) > 0 {
				t.Errorf("%q: got %+v and error %v, want the error %q", c.line, got.Entries, err, c.why)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.line, err)
			continue
		}
		if diff := cmp.Diff([]Entry{c.want}, got.Entries); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.line, diff)
		}
	}
}

func TestUnixServers(t *testing.T) {
	check(t, ParseList, []lineTest{
		// vsftpd
		{line: "-rw-r--r--    1 0        0            1234 Jan 05 12:34 name", want: file("name", 1234, recent)},
		{line: "drwxr-xr-x    2 ftp      ftp          4096 Jan 05  2023 name", want: dir("name", day)},
		{line: "lrwxrwxrwx    1 0        0               6 Jan 05 12:34 name -> target", want: link("name", "target", recent)},
		// proftpd
		{line: "-rw-r--r--   1 ftp      ftp       1234 Jan  5 12:34 name", want: file("name", 1234, recent)},
		{line: "-rw-r--r--   1 (?)      (?)       1234 Jan  5  2023 name", want: file("name", 1234, day)},
		// pure-ftpd
		{line: "-rw-r--r--    1 0          0            15032385536 Jan  5  2023 name", want: file("name", 15032385536, day)},
		// pyftpdlib
		{line: "-rw-r--r--   1 root     root         1234 Jan 05 12:34 name", want: file("name", 1234, recent)},
		// wu-ftpd, and BSD's ls
		{line: "-r--r--r--  1 root  other     531 Jan 29 03:26 README", want: file("README", 531, Stamp{Month: 1, Day: 29, Hour: 3, Min: 26, HasTime: true})},
		{line: "dr-xr-xr-x  2 root  wheel    512 Apr  8  1994 etc", want: dir("etc", Stamp{Year: 1994, Month: 4, Day: 8, HasYear: true})},
		{line: "dr-xr-xr-x   2 root     512 Apr  8  1994 etc", want: dir("etc", Stamp{Year: 1994, Month: 4, Day: 8, HasYear: true})},
		{line: "lrwxrwxrwx   1 root     other          7 Jan 25 00:17 bin -> usr/bin", want: link("bin", "usr/bin", Stamp{Month: 1, Day: 25, Min: 17, HasTime: true})},
		{line: "-rw-r--r--  1 root  wheel  1234 Jan  5 12:34:56 2023 name", want: file("name", 1234, minute)},
		{line: "-rw-r--r--@ 1 root  wheel  1234 Jan  5  2023 name", want: file("name", 1234, day)},
		{line: "crw-rw-rw-  1 root  wheel  0x2000003 Jan  5 12:34 name", want: other("name", recent)},
		// GNU's ls
		{line: "-rw-r--r--. 1 root root 1234 Jan  5  2023 name", want: file("name", 1234, day)},
		{line: "-rw-rwxr--+ 1 root root 1234 2023-01-05 12:34 name", want: file("name", 1234, minute)},
		{line: "-rw-r--r-- 1 root root 1234 2023-01-05 13:34:56.123456789 +0100 name", want: file("name", 1234, second)},
		{line: "-rw-r--r-- 1 root root 1234 2023-01-05 12:34:56 +0000 name", want: file("name", 1234, second)},
		{line: "-rw-r--r-- 1 root root 1234 01-05 12:34 name", want: file("name", 1234, recent)},
		{line: "-rw-r--r-- 1 root root 1234 2023-01-05  name", want: file("name", 1234, day)},
		{line: "-rw-r--r-- 1 root root 1234 Jan  5  12023 name", want: file("name", 1234, Stamp{})},
		{line: "-rw-r--r-- 1 root root 1234 2023-02-30 12:34:56 +0000 name", want: file("name", 1234, Stamp{})},
		{line: "-rw-r--r-- 1 root root 1234 2023-01-05 07:34:56 -0500 name", want: file("name", 1234, second)},
		{line: "    4 -rw-r--r-- 1 root root 1234 Jan  5  2023 name", want: file("name", 1234, day)},
		{line: "brw-rw---- 1 root disk 8, 0 Jan  5 12:34 sda", want: other("sda", recent)},
		{line: "crw-rw-rw- 1 root root   1,   3 Jan  5 12:34 null", want: other("null", recent)},
		{line: "prw-r--r-- 1 root root 0 Jan  5 12:34 pipe", want: other("pipe", recent)},
		{line: "srwxr-xr-x 1 root root 0 Jan  5 12:34 socket", want: other("socket", recent)},
		{line: "drwxrwsrwt 2 root root 4096 Jan  5 12:34 tmp", want: dir("tmp", recent)},
		{line: "-rwSr-Sr-T 1 root root 0 Jan  5 12:34 name", want: file("name", 0, recent)},
		{line: "-rw-r--r-- 1 1000 1000 9223372036854775807 Jan  5 12:34 name", want: file("name", 1<<63-1, recent)},
		// days before months
		{line: "-rw-r--r-- 1 root root 1234 5 Jan 12:34 name", want: file("name", 1234, recent)},
		{line: "-rw-r--r-- 1 root root 1234  5. Jan  2023 name", want: file("name", 1234, day)},
		// NetPresenz, NetWare
		{line: "-------r--         326  1391972  1392298 Nov 22  1995 MegaPhone.sit", want: file("MegaPhone.sit", 1392298, Stamp{Year: 1995, Month: 11, Day: 22, HasYear: true})},
		{line: "drwxrwxr-x               folder        2 May 10  1996 network", want: dir("network", Stamp{Year: 1996, Month: 5, Day: 10, HasYear: true})},
		{line: "d [R----F--] supervisor            512       Jan 05 12:34    login", want: dir("login", recent)},
		{line: "- [R----F--] rhesus             214059       Jan 05 12:34    cx.exe", want: file("cx.exe", 214059, recent)},
	})
}

func TestUnixOwners(t *testing.T) {
	check(t, ParseList, []lineTest{
		{line: "-rw-r--r-- 1 Domain Users Domain Admins 1234 Jan  5  2023 name", want: file("name", 1234, day)},
		{line: "-rw-r--r-- 1 500 Domain Users 1234 Jan  5  2023 name", want: file("name", 1234, day)},
		{line: "-rw-r--r-- 1 Domain Power Users 500 1234 Jan  5  2023 name", want: file("name", 1234, day)},
		{line: "-rw-r--r-- 1 1234 Jan  5  2023 name", want: file("name", 1234, day)},
		{line: "-rw-r--r-- 1 jan 5 2020 Jan  5  2023 name", want: file("name", 2020, day)},
		{line: "-rw-r--r-- 1 jan 50 123456 Jan  5  2023 name", want: file("name", 123456, day)},
		{line: "-rw-r--r-- 1 50 jan 12 Jan  5  2023 name", want: file("name", 12, day)},
		{line: "-rw-r--r-- 1 root may 12 5 Jan 2023 name", want: file("name", 12, day)},
		{line: "-rw-r--r-- 1 root may 12 2023-01-05 12:34 name", want: file("name", 12, minute)},
		{line: "-rw-r--r-- 1 may may 5 Jan  5 12:34 name", want: file("name", 5, recent)},
	})
}

func TestUnixNames(t *testing.T) {
	const front = "-rw-r--r-- 1 root root 1234 Jan  5  2023 "
	for _, name := range []string{
		"a b", " leading", "  two", "trailing ", " ", "a -> b", "\tx", "caf\xe9", "tschüß", `"quoted" 'name'`, "100%", "name:",
		"7 Jan  1  2020 x", "12:34", "2020", "a\rb", "a\r", "a/b", "a\x00b", "-rw-r--r-- 1 root root 7 Jan  1  2020 x", "",
	} {
		check(t, ParseList, []lineTest{{line: front + name, want: file(name, 1234, day)}})
	}
}

func TestUnixLinks(t *testing.T) {
	check(t, ParseList, []lineTest{
		{line: "lrwxrwxrwx 1 root root 6 Jan  5  2023 a -> b -> target", want: link("a -> b", "target", day)},
		{line: "lrwxrwxrwx 1 root root 11 Jan  5  2023 a -> b -> target", want: link("a", "b -> target", day)},
		{line: "lrwxrwxrwx 1 root root 99 Jan  5  2023 a -> b -> target", want: link("a", "b -> target", day)},
		{line: "lrwxrwxrwx 1 root root 0 Jan  5  2023 a -> ", want: link("a", "", day)},
		{line: "lrwxrwxrwx 1 root root 6 Jan  5  2023 a", want: link("a", "", day)},
		{line: "lrwxrwxrwx 1 root root 1 Jan  5  2023  lead -> t", want: link(" lead", "t", day)},
	})
}

func TestUnixRefused(t *testing.T) {
	check(t, ParseList, []lineTest{
		{line: "garbage", why: badForm},
		{line: "ls: cannot open directory '.': Permission denied", why: badMode},
		{line: "d????????? ? ? ? ?            ? name", why: badMode},
		{line: "Xrw-r--r-- 1 root root 1 Jan  5  2023 name", why: badForm},
		{line: "-rw-r--r- 1 root root 1 Jan  5  2023 name", why: badMode},
		{line: "-rw-r--r--x 1 root root 1 Jan  5  2023 name", why: badMode},
		{line: "-rw-r--r-- 1 root root 010 Jan  5  2023 name", why: badSize},
		{line: "-rw-r--r-- 1 root root -1 Jan  5  2023 name", why: badSize},
		{line: "-rw-r--r-- 1 root root +1 Jan  5  2023 name", why: badSize},
		{line: "-rw-r--r-- 1 root root 1.2K Jan  5  2023 7 Jan  1  2020 x", why: badSize},
		{line: "-rw-r--r-- 1 root root 9223372036854775808 Jan  5  2023 name", why: badSize},
		{line: "-rw-r--r-- 1 root root 99999999999999999999 Jan  5  2023 name", why: badSize},
		{line: "drwxr-xr-x 1 root root x Jan  5  2023 name", why: badSize},
		{line: "-rw-r--r-- 1 root root 1 Jan  5 2023", why: noName},
		{line: "-rw-r--r-- 1 root root 1 Foo  5 2023 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 Jan  5 25:00 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 Jan  5 23 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 2023-01-05 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 2023-01-05 12:34:56 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 2023-01-05 12:34:56.1 0100 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 2023-01-05 12:34:56 +100 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 2023-01-05 12:34:61 +0100 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 2023-01-5 12:34 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 2023-1-05 12:34 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 01-05  12:34 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 01-5 12:34 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 01-05 12:60 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 Jan  5 12:34:56 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 Jan  5 12:34.56 2023 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 Jan 123 12:34 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 5.Jan 12:34 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 Mär  5  2023 name", why: noDate},
		{line: "-rw-r--r-- 1 root root 1 Mär  5  2023 7 Jan  1  2020 x", why: badDate},
		{line: "-rw-r--r-- 1 root root 1 Mär  5 12:34 7 Jan  1  2020 x", why: badDate},
		{line: "-rw-r--r-- 1 root root 1 2023/01/05 12:34 7 Jan  1  2020 x", why: badDate},
		{line: "-rw-r--r-- 1 root 1 Mär  5  2023 7 Jan  1  2020 x", why: badDate},
		{line: "-rw-r--r-- 1 root root 1", why: noDate},
		{line: "12 ", why: badBlock},
		{line: "12", why: badForm},
		{line: "./dir:", why: badForm},
	})
}

// A line with a hidden name is never an error: digests drop it first of all.
func TestHiddenNamesAreNeverErrors(t *testing.T) {
	check(t, ParseList, []lineTest{
		{line: "-rw-r--r-- 1 root root 010 Jan  5  2023 .name", want: file(".name", digest.UnknownSize, day)},
		{line: "+s010,r,\t.name", want: file(".name", digest.UnknownSize, Stamp{})},
		{line: "+\t.name", want: Entry{Name: ".name", Kind: digest.Other, Size: digest.UnknownSize}},
		{line: "01-05-2023  12:34PM   1,234 .name", want: file(".name", digest.UnknownSize, minute)},
	})
	check(t, ParseMLSD, []lineTest{
		{line: "type=file;size=010; .name", want: file(".name", digest.UnknownSize, Stamp{})},
		{line: "size=5; .name", want: other(".name", Stamp{})},
		{line: "type=strange; .name", want: other(".name", Stamp{})},
	})
}
