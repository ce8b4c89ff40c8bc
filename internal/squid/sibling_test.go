package squid

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// get sends a request line as it stands and returns the response.
func get(t *testing.T, address, line string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: other.example\r\nCache-Control: only-if-cached, max-age=1\r\nX-Forwarded-For: 192.0.2.1\r\nConnection: close\r\n\r\n", line)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	res.Body.Close()
	return res
}

func TestSibling(t *testing.T) {
	server := httptest.NewServer(Sibling(table{"ftp://a//x/%2F": "http://b/x", "http://a/x": "http://b/x"}, nil))
	defer server.Close()
	address := server.Listener.Addr().String()
	for line, want := range map[string]string{
		"GET ftp://a//x/%2F":    "302 http://b/x?127.0.0.1", // the URL as it is, and the cache's own address
		"GET http://a/x":        "302 http://b/x?127.0.0.1",
		"HEAD http://a/x":       "302 http://b/x?127.0.0.1",
		"GET http://a/x/../x":   "504 ",
		"GET http://evil/":      "504 ",
		"POST http://a/x":       "405 ",
		"CONNECT a:443":         "405 ",
		"GET /":                 "404 ",
		"GET /http://a/x":       "404 ",
		"GET /squid-internal/x": "404 ",
		"GET urn:mirror:a/x":    "404 ",
		"GET " + "http://a/" + fmt.Sprintf("%09000d", 0): "414 ",
	} {
		res := get(t, address, line)
		if got := fmt.Sprintf("%d %s", res.StatusCode, res.Header.Get("Location")); got != want {
			t.Errorf("%.40s: %s, want %s", line, got, want)
		}
	}
}
