package listing

import (
	"bytes"
	"fmt"
	"testing"
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

func BenchmarkRecursive(b *testing.B) {
	bench(b, "-rw-r--r--    1 ftp      ftp      %9d Jan 05 12:34 package-%07d_1.2.3-4_amd64.deb\r\n", func(in []byte) (Listing, error) {
		for d, err := range ParseRecursive(bytes.NewReader(in), Limits{}) {
			return d.Listing, err
		}
		return Listing{}, nil
	})
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
