package listing

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"
)

// text repeats a line for files of different names.
func text(lines int, format string) []byte {
	var b bytes.Buffer
	for i := range lines {
		fmt.Fprintf(&b, format, i*997, i)
	}
	return b.Bytes()
}

// The benchmarks read directories of a thousand files and report lines a second
// on one core.
func bench(b *testing.B, format string, parse func([]byte) (Listing, error)) {
	const lines = 1000
	in := text(lines, format)
	b.ReportAllocs()
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		if _, err := parse(in); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*lines/b.Elapsed().Seconds(), "lines/s")
}

func BenchmarkUnix(b *testing.B) {
	bench(b, "-rw-r--r--    1 ftp      ftp      %9d Jan 05 12:34 package-%07d_1.2.3-4_amd64.deb\r\n", ParseList)
}

func BenchmarkDOS(b *testing.B) {
	bench(b, "01-05-2023  12:34PM %20d package-%07d_1.2.3-4_amd64.deb\r\n", ParseList)
}

func BenchmarkMLSD(b *testing.B) {
	bench(b, "modify=20230105123456;perm=adfr;size=%d;type=file;unique=801U1234;UNIX.group=0;UNIX.mode=0644;UNIX.owner=0; package-%07d_1.2.3-4_amd64.deb\r\n", ParseMLSD)
}

// A recursive listing has directories of ten files, as most are.
func BenchmarkRecursive(b *testing.B) {
	const dirs, files = 1000, 10
	var in bytes.Buffer
	for i := range dirs {
		fmt.Fprintf(&in, "./pool/main/%d:\r\ntotal 48\r\ndrwxr-xr-x 2 ftp ftp 4096 Jan 05 12:34 .\r\ndrwxr-xr-x 9 ftp ftp 4096 Jan 05 12:34 ..\r\n", i)
		in.Write(text(files, "-rw-r--r--    1 ftp      ftp      %9d Jan 05 12:34 package-%07d_1.2.3-4_amd64.deb\r\n"))
		in.WriteString("\r\n")
	}
	b.ReportAllocs()
	b.SetBytes(int64(in.Len()))
	for b.Loop() {
		for _, err := range ParseRecursive(bytes.NewReader(in.Bytes()), Limits{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*dirs/b.Elapsed().Seconds(), "directories/s")
}

// What lasts of a listing is its entries and their names, and no more of the text.
func TestOnlyNamesLast(t *testing.T) {
	const lines = 10_000
	const name = len("package-0000000_1.2.3-4_amd64.deb")
	in := text(lines, "-rw-r--r--    1 ftp      ftp      %9d Jan 05 12:34 package-%07d_1.2.3-4_amd64.deb\r\n")
	l, err := ParseList(in)
	if err != nil {
		t.Fatal(err)
	}
	first, last := unsafe.StringData(l.Entries[0].Name), unsafe.StringData(l.Entries[lines-1].Name)
	if span := uintptr(unsafe.Pointer(last)) - uintptr(unsafe.Pointer(first)); span != uintptr((lines-1)*name) {
		t.Errorf("the names lie over %d bytes", span)
	}
	clear(in)
	if got := l.Entries[lines-1].Name; got != "package-0009999_1.2.3-4_amd64.deb" {
		t.Errorf("a name is a part of the text that was read: %q", got)
	}
}

func TestAllocationsDoNotGrowWithLines(t *testing.T) {
	for name, c := range map[string]struct {
		format string
		parse  func([]byte) (Listing, error)
	}{
		"LIST": {"-rw-r--r-- 1 ftp ftp %9d Jan 05 12:34 %d\r\n", ParseList},
		"MLSD": {"modify=20230105123456;size=%d;type=file; %d\r\n", ParseMLSD},
	} {
		count := func(lines int) float64 {
			in := text(lines, c.format)
			return testing.AllocsPerRun(10, func() { c.parse(in) })
		}
		if few, many := count(10), count(10000); many > few {
			t.Errorf("%s: %v allocations for 10 lines, %v for 10,000", name, few, many)
		}
	}
}
