package listing

import "testing"

func TestDOS(t *testing.T) {
	check(t, ParseList, []lineTest{
		{line: "01-05-2023  12:34PM                 1234 name", want: file("name", 1234, minute)},
		{line: "01-05-2023  12:34AM                 1234 name", want: file("name", 1234, Stamp{Year: 2023, Month: 1, Day: 5, Min: 34, HasYear: true, HasTime: true})},
		{line: "01-05-2023  01:34PM                 1234 name", want: file("name", 1234, Stamp{Year: 2023, Month: 1, Day: 5, Hour: 13, Min: 34, HasYear: true, HasTime: true})},
		{line: "01-05-2023  12:34                   1234 name", want: file("name", 1234, minute)},
		{line: "01-05-23  12:34PM                 1234 name", want: file("name", 1234, Stamp{})},
		{line: "01-05-23  12:34PM       <DIR>          name", want: dir("name", Stamp{})},
		{line: "01-05-2023  12:34PM       <DIR>          a b", want: dir("a b", minute)},
		{line: "01-05-2023  12:34PM       <DIR>            two leading", want: dir("  two leading", minute)},
		{line: "01-05-2023  12:34PM       <DIR>   name", want: dir("name", minute)},
		{line: "01-05-2023  12:34PM                 1234   two leading", want: file("  two leading", 1234, minute)},
		{line: `01-05-2023  12:34PM    <JUNCTION>     name [C:\a b]`, want: link("name", `C:\a b`, minute)},
		{line: `01-05-2023  12:34PM    <SYMLINKD>     name [..\x]`, want: link("name", `..\x`, minute)},
		{line: `01-05-2023  12:34PM    <SYMLINK>      name`, want: link("name", "", minute)},

		{line: "01-05-2023  12:34PM                1,234 name", why: badSize},
		{line: "01-05-2023  12:34PM       <DISK>         name", why: badSize},
		{line: "01-05-2023  12:34XM                 1234 name", why: noDate},
		{line: "01-05-2023  13:34PM                 1234 name", why: noDate},
		{line: "01-05-123  12:34PM                 1234 name", why: noDate},
		{line: "01-05-23", why: badForm},
		{line: "01-05-2023  12:34PM", why: noDate},
		{line: "01-05-2023  12:34PM  1234", why: noName},
	})
}

func TestEPLF(t *testing.T) {
	check(t, ParseList, []lineTest{
		{line: "+i8388621.48594,m1672922040,r,s280,\tname", want: file("name", 280, utc)},
		{line: "+i8388621.50690,m1672922040,/,\ta b", want: dir("a b", utc)},
		{line: "+r,\t\ttab", want: file("\ttab", -1, Stamp{})},
		{line: "+r,s1,mx,\tname", want: file("name", 1, Stamp{})},
		{line: "+r,s1,m253402300800,\tname", want: file("name", 1, Stamp{})},
		{line: "+r,s1,m9223372036854775807,\tname", want: file("name", 1, Stamp{})},
		{line: "+m1672922040,\tname", why: noKind},
		{line: "+/,r,\tname", why: noKind},
		{line: "+r,s01,\tname", why: badSize},
		{line: "+r,s1, name", why: noName},
	})
}

// Windows and EPLF may show a link as what it points to; ls never does.
func TestHidesLinks(t *testing.T) {
	for text, want := range map[string]bool{
		"total 0\n": false,
		"-rw-r--r-- 1 root root 1 Jan  5  2023 name\n":  false,
		"01-05-23  12:34PM       <DIR>          name\n": true,
		"+/,\tname\n": true,
	} {
		if l, err := ParseList([]byte(text)); err != nil || l.HidesLinks != want {
			t.Errorf("%q: %v, %v", text, l.HidesLinks, err)
		}
	}
}
