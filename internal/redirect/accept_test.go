package redirect

import (
	"net/http"
	"testing"
)

func TestPreferred(t *testing.T) {
	for _, c := range []struct {
		accept string
		want   string
	}{
		{"", ""},
		{"*/*", ""},
		{"text/html", ""},
		{"text/plain", "text/plain"},
		{"Text/Plain", "text/plain"},
		{"text/plain;q=0", ""},
		{"text/plain;q=0.5, text/html;q=0.6", ""},
		{"text/plain;q=0.5, application/json;q=0.6", "application/json"},
		{"application/json, text/plain", "text/plain"},
		{"application/json, */*", "application/json"},
		{"application/json;q=0.9, */*", ""},
		{",, text/plain ;q=1,", "text/plain"},
		{"text/plain;q=2", ""},
	} {
		req := &http.Request{Header: http.Header{}}
		if c.accept != "" {
			req.Header.Set("Accept", c.accept)
		}
		if got := preferred(req, "text/plain", "application/json"); got != c.want {
			t.Errorf("%q: %q, want %q", c.accept, got, c.want)
		}
	}
}
