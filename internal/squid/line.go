package squid

import (
	"net/netip"
	"strings"
)

// maxLine is the longest line, in bytes, that is looked at. Squid writes at most 8192
// of a URL and 1024 more.
const maxLine = 16 << 10

// A Request is one line that Squid writes to a helper, as url_rewrite_extras and
// store_id_extras have it unless configured:
//
//	[CHANNEL] URL CLIENT/NAME USER METHOD KEY=VALUE...
//
// Squid sends a channel exactly where the helper is configured with concurrency, and
// always begins a URL with a scheme or a host, so that a first word of digits alone is
// a channel.
type Request struct {
	Channel string     // digits; "" where there is none
	URL     string     // as the client wrote it; HOST:PORT for CONNECT
	Client  netip.Addr // zero if the line does not tell
	Method  string     // "" if the line does not tell
}

// ParseRequest reads a line without its end. There is no error: what cannot be read is
// left zero, and a Request without a URL is one that is answered with ERR all the same.
func ParseRequest(line string) Request {
	var q Request
	word, rest := cutWord(line)
	if isChannel(word) {
		q.Channel = word
		word, rest = cutWord(rest)
	}
	q.URL = word
	word, rest = cutWord(rest)
	address, _, _ := strings.Cut(word, "/")
	if client, err := netip.ParseAddr(address); err == nil {
		q.Client = client.Unmap()
	}
	_, rest = cutWord(rest) // the user
	word, _ = cutWord(rest)
	if !strings.Contains(word, "=") {
		q.Method = word
	}
	return q
}

// String writes the request as Squid would.
func (q Request) String() string {
	client, method := "-", "-"
	if q.Client.IsValid() {
		client = q.Client.String()
	}
	if q.Method != "" {
		method = q.Method
	}
	line := q.URL + " " + client + "/- - " + method
	if q.Channel != "" {
		line = q.Channel + " " + line
	}
	return line
}

// fetches reports whether the request is one for which a redirect or another's bytes
// can stand: GET or HEAD, or a method that is not known.
func (q Request) fetches() bool {
	return q.Method == "GET" || q.Method == "HEAD" || q.Method == "" || q.Method == "-"
}

// cutWord returns what stands before the first blank, and the rest behind it. A line
// that begins with a blank has an empty first word.
func cutWord(text string) (word, rest string) {
	word, rest, _ = strings.Cut(text, " ")
	return word, rest
}

// isChannel reports whether a word is a channel. Squid counts them from 0 to less than
// its concurrency.
func isChannel(word string) bool {
	if word == "" || len(word) > 10 {
		return false
	}
	for i := range len(word) {
		if word[i] < '0' || word[i] > '9' {
			return false
		}
	}
	return true
}
