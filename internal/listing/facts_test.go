package listing

import (
	"testing"

	"mirrortracker/internal/digest"
)

func TestMLSD(t *testing.T) {
	check(t, ParseMLSD, []lineTest{
		{line: "type=file;size=1234;modify=20230105123456; name", want: file("name", 1234, second)},
		{line: "modify=20230105123456;perm=adfr;size=1234;type=file;unique=801U1;UNIX.group=0; name", want: file("name", 1234, second)},
		{line: "TYPE=FILE;Size=1234;Modify=20230105123456.789; name", want: file("name", 1234, second)},
		{line: "type=dir;sizd=4096;modify=20230105123400; name", want: dir("name", utc)},
		{line: "type=dir;size=x; name", want: dir("name", Stamp{})},
		{line: "type=file; name", want: file("name", digest.UnknownSize, Stamp{})},
		{line: "type=file;size=1 name", want: file("name", 1, Stamp{})},
		{line: "type=file;size=1;  two leading; blanks=1; ", want: file(" two leading; blanks=1; ", 1, Stamp{})},
		{line: "type=file;size=1; caf\xe9", want: file("caf\xe9", 1, Stamp{})},
		{line: "type=file;size=1; ", want: file("", 1, Stamp{})},
		{line: "type=file;size=1;modify=; name", want: file("name", 1, Stamp{})},
		{line: "type=file;size=1;modify=20230230000000; name", want: file("name", 1, Stamp{})},
		{line: "type=OS.unix=slink:/a b; name", want: link("name", "/a b", Stamp{})},
		{line: "type=OS.unix=slink:a:b;size=3; name", want: link("name", "a:b", Stamp{})},
		{line: "modify=20230105123456;type=os.UNIX=symlink;size=6; name", want: link("name", "", second)},
		{line: "type=OS.unix=slink; name", want: link("name", "", Stamp{})},
		{line: "type=OS.unix=symlink name", want: link("name", "", Stamp{})},
		{line: "type=OS.unix=chr-13/29; name", want: other("name", Stamp{})},
		{line: "Type=OS.Unix=Socket; name", want: other("name", Stamp{})},
		{line: "type=file;size=1;x=; name", want: file("name", 1, Stamp{})},

		{line: "size=1; name", why: noType},
		{line: " name", why: noType},
		{line: "type=; name", why: badType},
		{line: "type=OS.unix=reg; name", why: badType},
		{line: "type=OS.unix=slinky; name", why: badType},
		{line: "type=file;size=01; name", why: badSize},
		{line: "type=file;size=9223372036854775808; name", why: badSize},
		{line: "type=file;size=-1; name", why: badSize},
		{line: "type=file;size=; name", why: badSize},
		{line: "type=file;size=1;", why: noName},
		{line: "type=file", why: badFact},
		{line: "type=OS.unix=slink:/a b name", why: badFact},
		{line: "type=file;name", why: badFact},
		{line: "=file; name", why: badFact},
		{line: "a b=file; name", why: badFact},
		{line: "-rw-r--r-- 1 root root 1 Jan  5  2023 name", why: badFact},
	})
}

func TestMLSDSelfAndParent(t *testing.T) {
	l, err := ParseMLSD([]byte("type=cdir;modify=20230105123456; /pub/a b\r\ntype=pdir; /pub\r\n\r\ntype=dir; .\r\ntype=dir; ..\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !l.Self || !l.Parent || l.SelfName != "/pub/a b" || len(l.Entries) != 0 {
		t.Errorf("got %+v", l)
	}
}

func TestMLST(t *testing.T) {
	for _, line := range []string{" type=cdir;modify=20230105123456; /pub", "type=dir;modify=20230105123456; /pub\r\n"} {
		if e, err := ParseMLST(line); err != nil || e != dir("/pub", second) {
			t.Errorf("%q: got %+v, %v", line, e, err)
		}
	}
	if _, err := ParseMLST(" size=1; /pub"); err == nil {
		t.Error("a line without a type was accepted")
	}
}
