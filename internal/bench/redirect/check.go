package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// checked is how many answers are looked at before any are counted.
const checked = 1000

// check looks at answers: each leads to the file that was asked for on a site of the
// world, and for a file of the archive there are links to others.
func (b *bench) check(ctx context.Context, s *server) error {
	hosts := map[string]bool{}
	sites := b.world.Tracked()
	for i := range sites {
		for _, u := range sites[i].URLs() {
			hosts[u.Authority()] = true
		}
	}
	targets := b.targets()
	elsewhere, mirrored := 0, 0
	for i := range min(checked, len(targets)) {
		asked, client := b.asked[i], b.clients[i%len(b.clients)]
		res, err := ask(ctx, "http://"+s.addr+targets[i], client.Addr.String())
		if err != nil {
			return err
		}
		wrong := func(why string) error {
			return fmt.Errorf("the answer to %s is wrong: %s: %s %v", targets[i], why, res.Status, res.Header)
		}
		location, err := url.Parse(res.Header.Get("Location"))
		switch {
		case res.StatusCode != http.StatusFound || err != nil:
			return wrong("no redirect")
		case !hosts[location.Host]:
			return wrong("another host")
		case path.Base(location.Path) != path.Base(string(asked.Path)):
			return wrong("another file")
		}
		if match := res.Header.Get("X-Mirror-Match"); (match == "none") == asked.Known {
			return wrong("the match")
		}
		if asked.Known && asked.Site < b.world.Mirrors() {
			mirrored++
			if !strings.Contains(location.Host, sites[asked.Site].Name) {
				elsewhere++
			}
		}
	}
	if elsewhere < mirrored/2 {
		return fmt.Errorf("of %d questions for files of the archive only %d lead to another mirror", mirrored, elsewhere)
	}
	return nil
}

// ask asks a server once, in the name of a client.
func ask(ctx context.Context, url, client string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Forwarded-For", client)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	return res, res.Body.Close()
}
