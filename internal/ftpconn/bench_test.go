package ftpconn

import (
	"bufio"
	"bytes"
	"fmt"
	"testing"
)

// A listing of 10,000 names in a reply, and many short replies.
func BenchmarkReadReply(b *testing.B) {
	line := "-rw-r--r--   1 ftp      ftp          4096 Jan 05 12:00 some-package_1.0-1_amd64.deb\r\n"
	for _, lines := range []int{0, 10, 10_000} {
		text := []byte("213-STAT\r\n" + string(bytes.Repeat([]byte(line), lines)) + "213 End\r\n")
		b.Run(fmt.Sprintf("%d lines", lines), func(b *testing.B) {
			from := bytes.NewReader(nil)
			in := bufio.NewReaderSize(from, readAhead)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				from.Reset(text)
				if _, err := readReply(in, 1<<24); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
