package ftpconn

import (
	"bufio"
	"fmt"
	"slices"
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
		first, body, last := r.cut()
		if whole := string(slices.Concat(first, body, last)); r.Code < 100 || r.Code > 599 || len(whole) > max || !strings.HasPrefix(text, whole) || len(first) == 0 {
			t.Errorf("%q: %d, %q", text, r.Code, r.Raw)
		}
		if last != nil && string(last[:3]) != string(first[:3]) {
			t.Errorf("%q: begins with %q and ends with %q", text, first, last)
		}
		_, _ = r.String(), (&ReplyError{Command: "NOOP", Reply: r}).Error()
	})
}

// A reply that is written by the rules is read as what was written, however
// many come one after the other.
func TestReplyRoundTrip(t *testing.T) {
	t.Parallel()
	type written struct {
		code              int
		first, last, wire string
		body              []string
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~]{0,40}`)
		replies := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) written {
			w := written{code: rapid.IntRange(100, 599).Draw(t, "code"), first: text.Draw(t, "first"), last: text.Draw(t, "last")}
			w.body = rapid.SliceOfN(rapid.StringMatching(`( |[a-z])[ -~]{0,40}\r\n`), 0, 5).Draw(t, "body")
			w.wire = fmt.Sprintf("%d-%s\r\n%s%d %s\r\n", w.code, w.first, strings.Join(w.body, ""), w.code, w.last)
			return w
		}), 1, 4).Draw(t, "replies")
		var wire strings.Builder
		for _, w := range replies {
			wire.WriteString(w.wire)
		}
		in := bufio.NewReaderSize(strings.NewReader(wire.String()), 16)
		for _, want := range replies {
			got, err := readReply(in, 10_000)
			if err != nil || got.Code != want.code || string(got.Raw) != want.wire || string(got.Body()) != strings.Join(want.body, "") {
				t.Fatalf("%q: %q, %v", wire.String(), got.Raw, err)
			}
			lines := []string{strings.TrimSpace(want.first)}
			for _, line := range append(want.body, want.last) {
				lines = append(lines, strings.TrimSpace(line))
			}
			if text := strings.Join(lines, "; "); got.Text() != text {
				t.Fatalf("text %q, want %q", got.Text(), text)
			}
		}
	})
}

// What a server says at length does not end up in messages at length.
func TestMessagesAreShort(t *testing.T) {
	t.Parallel()
	err := &ReplyError{Command: "CWD", Reply: Reply{Code: 550, Raw: []byte("550 " + strings.Repeat("\x1b", 1<<20))}}
	if got := err.Error(); len(got) > 2000 || strings.Contains(got, "\x1b") {
		t.Errorf("%d bytes: %.100q", len(got), got)
	}
}
