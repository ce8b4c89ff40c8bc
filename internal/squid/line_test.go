package squid

import (
	"bufio"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var sameAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestRequests(t *testing.T) {
	client := netip.MustParseAddr("192.0.2.7")
	for line, want := range map[string]Request{
		"http://a/x 192.0.2.7/- - GET myip=192.0.2.1 myport=3128":   {URL: "http://a/x", Client: client, Method: "GET"},
		"17 http://a/x 192.0.2.7/pc.example me GET myip=- myport=0": {Channel: "17", URL: "http://a/x", Client: client, Method: "GET"},
		"0 a:443 2001:db8::1/- - CONNECT":                           {Channel: "0", URL: "a:443", Client: netip.MustParseAddr("2001:db8::1"), Method: "CONNECT"},
		"0 http://a/x ::ffff:192.0.2.7/- - HEAD":                    {Channel: "0", URL: "http://a/x", Client: client, Method: "HEAD"},
		"3 http://a/x -/- - -":                                      {Channel: "3", URL: "http://a/x", Method: "-"},
		"3 http://a/x":                                              {Channel: "3", URL: "http://a/x"},
		"http://a/x":                                                {URL: "http://a/x"},
		"3 http://a/x myip=1 myport=2 a=b":                          {Channel: "3", URL: "http://a/x"},
		"3":                                                         {Channel: "3"},
		"3 ":                                                        {Channel: "3"},
		"3  192.0.2.7/- - GET":                                      {Channel: "3", Client: client, Method: "GET"},
		" 192.0.2.7/- - GET":                                        {Client: client, Method: "GET"},
		"":                                                          {},
		"12345678901 http://a/x":                                    {URL: "12345678901"},
		"-1 http://a/x":                                             {URL: "-1"},
		"5 http://a/x%20y \xff/- \xff \xff":                         {Channel: "5", URL: "http://a/x%20y", Method: "\xff"},
	} {
		if diff := cmp.Diff(want, ParseRequest(line), sameAddr); diff != "" {
			t.Errorf("%q: %s", line, diff)
		}
	}
}

func TestReplies(t *testing.T) {
	for want, r := range map[string]Reply{
		`ERR`:                                  {},
		`8 ERR`:                                {Channel: "8"},
		`8 OK status=302 url="http://a/x%20y"`: {Channel: "8", Redirect: "http://a/x%20y"},
		`OK status=302 url="http://a/"`:        {Redirect: "http://a/"},
		`0 OK store-id="http://d/"`:            {Channel: "0", StoreID: "http://d/"},
		`OK store-id="a\"b\\c\nd\re f"`:        {StoreID: "a\"b\\c\nd\re f"},
	} {
		if got := r.String(); got != want {
			t.Errorf("%#v is written %s, want %s", r, got, want)
		}
	}
}

// readValue reads a key's value as Squid does (helper/Reply.cc, parseResponseKeys and
// util.c, strwordtok).
func readValue(line, key string) (string, bool) {
	_, rest, ok := strings.Cut(line, key+`="`)
	if !ok {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; c {
		case '"':
			return b.String(), i == len(rest)-1
		case '\\':
			i++
			if i == len(rest) {
				return "", false
			}
			switch rest[i] {
			case 'n':
				b.WriteByte('\n')
			case 'r':
				b.WriteByte('\r')
			default:
				b.WriteByte(rest[i])
			}
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// Whatever stands in a reply, it is one line, and Squid reads what was meant.
func FuzzReply(f *testing.F) {
	f.Add("7", "http://a/x")
	f.Add("", "\"\\\n\r %22")
	f.Fuzz(func(t *testing.T, channel, value string) {
		if !isChannel(channel) || strings.IndexByte(value, 0) >= 0 || value == "" {
			return // Squid's lines are strings of C, and there is no reply of nothing
		}
		for key, r := range map[string]Reply{
			"url":      {Channel: channel, Redirect: value},
			"store-id": {Channel: channel, StoreID: value},
		} {
			line := r.String()
			if strings.ContainsAny(line, "\r\n") || !strings.HasPrefix(line, channel+" OK ") {
				t.Fatalf("%q", line)
			}
			if got, ok := readValue(line, key); !ok || got != value {
				t.Fatalf("%q is read as %q, want %q", line, got, value)
			}
		}
	})
}

// fuzzLine is the longest line in fuzzing: what is mutated should be short.
const fuzzLine = 64

// A request is read again as it was written, and every line of any input has an answer
// of one line with its channel.
func FuzzRequest(f *testing.F) {
	f.Add("3 http://a/x 192.0.2.7/- - GET myip=192.0.2.1 myport=3128\nhttp://b/\n\n")
	f.Add("3 " + strings.Repeat("x", fuzzLine) + "\n4 y\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		in := bufio.NewReaderSize(strings.NewReader(text), fuzzLine)
		for {
			line, err := readLine(in)
			if err != nil {
				return
			}
			if strings.Contains(line, "\n") || len(line) > fuzzLine {
				t.Fatalf("%q is no line", line)
			}
			q := ParseRequest(line)
			if !strings.HasPrefix(line, q.Channel) || strings.Contains(q.URL, " ") {
				t.Fatalf("%q is read as %+v", line, q)
			}
			if again := ParseRequest(q.String()); q.URL != "" && q.Client.Zone() == "" && q.Method != "" && again != q {
				t.Fatalf("%+v is written %q and read as %+v", q, q, again)
			}
			for _, kind := range []Kind{Rewrite, Store} {
				answer := kind.answer(echo{}, q).String()
				if q.Channel != "" && !strings.HasPrefix(answer, q.Channel+" ") || strings.ContainsAny(answer, "\r\n") {
					t.Fatalf("%q is answered %q", line, answer)
				}
			}
		}
	})
}

// echo decides that everything is best where it is asked for.
type echo struct{}

func (echo) Target(url string, _ netip.Addr) string { return url }
func (echo) StoreID(url string) string              { return url }

func TestLines(t *testing.T) {
	long := strings.Repeat("x", maxLine)
	in := newReader(strings.NewReader("a b\r\n\n\r\n5 " + long + "\n" + long + "\n" + "c\nno end"))
	for _, want := range []string{"a b", "", "", "5 ", "", "c"} {
		if got, err := readLine(in); got != want || err != nil {
			t.Fatalf("%.40q, %v; want %q", got, err, want)
		}
	}
	if got, err := readLine(in); err == nil {
		t.Errorf("%q is taken for a line", got)
	}
	if _, err := readLine(bufio.NewReader(strings.NewReader(""))); err == nil {
		t.Error("nothing is taken for a line")
	}
}

// Only what fetches is sent elsewhere or named.
func TestUploadsAndTunnelsPass(t *testing.T) {
	for line, changed := range map[string]bool{
		"http://a/x 192.0.2.7/- - GET":    true,
		"http://a/x 192.0.2.7/- - HEAD":   true,
		"http://a/x":                      true,
		"http://a/x 192.0.2.7/- - POST":   false,
		"a:443 192.0.2.7/- - CONNECT":     false,
		" 192.0.2.7/- - GET":              false,
		"http://a/x 192.0.2.7/- - PURGE":  false,
		"http://a/x 192.0.2.7/- me - a=b": true,
	} {
		for _, kind := range []Kind{Rewrite, Store} {
			if reply := kind.answer(echo{}, ParseRequest(line)); (reply != Reply{}) != changed {
				t.Errorf("%s: %q is answered %q", kind, line, reply)
			}
		}
	}
}
