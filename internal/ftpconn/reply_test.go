package ftpconn

import (
	"bufio"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func FuzzReadReply(f *testing.F) {
	for _, seed := range []string{"220 ready\r\n", "211-a\r\n b\r\n211 c\r\n", "211-\n211", "2", "200", "200\n", "999 x\n", "-20 x\n", "220-" + strings.Repeat("x", 600) + "\n"} {
		f.Add(seed)
	}
	const max = 500
	f.Fuzz(func(t *testing.T, text string) {
		r, err := readReply(bufio.NewReaderSize(strings.NewReader(text), 16), max)
		slow, slowErr := readReply(bufio.NewReader(iotest.OneByteReader(strings.NewReader(text))), max)
		if fmt.Sprint(r, err) != fmt.Sprint(slow, slowErr) {
			t.Errorf("%q: %v, %v at once; %v, %v byte by byte", text, r, err, slow, slowErr)
		}
		if err != nil {
			return
		}
		length := 0
		for _, line := range r.Lines {
			length += len(line)
		}
		if r.Code < 100 || r.Code > 599 || len(r.Lines) == 0 || length > max {
			t.Errorf("%q: %d, %q", text, r.Code, r.Lines)
		}
		_, _ = r.String(), (&ReplyError{Command: "NOOP", Reply: r}).Error()
	})
}

// A reply that is written by the rules is read as what was written, however
// many come one after the other.
func TestReplyRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.StringMatching(`( |[a-z])[ -~]{0,40}`)
		replies := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Reply {
			return Reply{Code: rapid.IntRange(100, 599).Draw(t, "code"), Lines: rapid.SliceOfN(line, 1, 5).Draw(t, "lines")}
		}), 1, 4).Draw(t, "replies")
		var wire strings.Builder
		for _, r := range replies {
			for i, line := range r.Lines {
				switch {
				case i == len(r.Lines)-1:
					fmt.Fprintf(&wire, "%d %s\r\n", r.Code, line)
				case i == 0:
					fmt.Fprintf(&wire, "%d-%s\r\n", r.Code, line)
				default:
					fmt.Fprintf(&wire, "%s\r\n", line)
				}
			}
		}
		in := bufio.NewReaderSize(strings.NewReader(wire.String()), 16)
		for _, want := range replies {
			got, err := readReply(in, 10_000)
			if err != nil || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
				t.Fatalf("%q: %#v, %v, want %#v", wire.String(), got, err, want)
			}
		}
	})
}

// What a server says at length does not end up in messages at length.
func TestMessagesAreShort(t *testing.T) {
	t.Parallel()
	err := &ReplyError{Command: "CWD", Reply: Reply{Code: 550, Lines: []string{strings.Repeat("\x1b", 1<<20)}}}
	if got := err.Error(); len(got) > 2000 || strings.Contains(got, "\x1b") {
		t.Errorf("%d bytes: %.100q", len(got), got)
	}
}
