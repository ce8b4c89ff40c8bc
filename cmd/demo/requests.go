package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// A request is one that the demo makes, with the answer that it must get.
type request struct {
	path     string
	location string
	why      string
	doubtful int // candidates that must be left out as doubtful
}

func requests(all []*site) []request {
	at := func(name, path string) string {
		for _, s := range all {
			if s.name == name {
				return s.url[:len(s.url)-1] + path
			}
		}
		return ""
	}
	return []request{
		{
			path:     "/origin" + originBase + newest,
			location: at("mirror", mirrorBase+newest),
			why:      "a complete, exact replica, and the one that is declared for this machine's network. Through the link releases/latest it would be the same.",
		},
		{
			path:     "/unrelated/software/other/licence/COPYING",
			location: at("unrelated", "/software/other/licence/COPYING"),
			why:      "the licence stands elsewhere too, but one small file is no proof of anything: the original.",
			doubtful: 4,
		},
		{
			path:     "/origin" + originBase + "/releases/9.9/toys-9.9.tar.gz",
			location: at("origin", originBase+"/releases/9.9/toys-9.9.tar.gz"),
			why:      "nothing of that name was there when the origin was crawled: the original must say.",
		},
	}
}

// ask makes a request, shows the answer, and checks it.
func (d *demo) ask(ctx context.Context, address string, r request) error {
	fmt.Fprintf(d.out, "  GET %s\n", r.path)
	answer, err := get(ctx, "http://"+address+r.path)
	if err != nil {
		return err
	}
	location := answer.Header.Get("Location")
	answer.Body.Close()
	fmt.Fprintf(d.out, "    %s\n    Location: %s\n    X-Mirror-Match: %s\n    why: %s\n\n", answer.Status, location, answer.Header.Get("X-Mirror-Match"), r.why)
	if answer.StatusCode != http.StatusFound || location != r.location {
		return fmt.Errorf("want 302 to %s", r.location)
	}

	answer, err = get(ctx, "http://"+address+r.path+"?json")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var known struct {
		Resolved struct {
			Doubtful []any `json:"doubtful"`
		} `json:"resolved"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&known); err != nil {
		return fmt.Errorf("?json: %w", err)
	}
	if doubtful := len(known.Resolved.Doubtful); doubtful != r.doubtful {
		return fmt.Errorf("%d candidates are left out as doubtful, want %d", doubtful, r.doubtful)
	}
	return nil
}

// get makes a request without following redirects. The caller closes the body.
func get(ctx context.Context, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(req)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	return answer, nil
}
