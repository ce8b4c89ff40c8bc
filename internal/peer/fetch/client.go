// Package fetch asks other trackers by HTTP: what they offer, whom they know, and for
// packs, which it downloads to files and goes on with where it was interrupted.
//
// What they answer is read within bounds of size and time. It is not to be believed
// before the signature of a pack has been verified, which is not done here.
package fetch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/peer"
)

// A Client asks other trackers. Make it with [New].
type Client struct {
	folder string
	max    int64         // bytes of a pack
	pace   *rate.Limiter // of bytes
	http   *http.Client
	agent  string
}

// Options say how a [Client] asks.
type Options struct {
	Folder    string // for what is being downloaded; made if need be
	MaxPack   int64  // bytes of a pack
	Bandwidth int64  // bytes a second, of all downloads together; 0 for any
	Agent     string // what the client calls itself to servers
}

// Bounds of what is heard of a server that is slow or says too much.
const (
	connecting = 15 * time.Second
	answering  = 35 * time.Minute // until the first byte: a pack may have to be made
	talking    = 2 * time.Minute  // for all of an answer that is no pack
	silence    = time.Minute      // within an answer

	maxList  = 64 << 20 // bytes
	maxOffer = 64 << 10
	maxSays  = 200 // bytes of an error that are shown
)

// New returns a client.
func New(o Options) *Client {
	pace := rate.NewLimiter(rate.Inf, 0)
	if o.Bandwidth > 0 {
		pace = rate.NewLimiter(rate.Limit(o.Bandwidth), max(int(o.Bandwidth), chunk))
	}
	return &Client{
		folder: o.Folder,
		max:    o.MaxPack,
		pace:   pace,
		agent:  o.Agent,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				DialContext:            (&net.Dialer{Timeout: connecting}).DialContext,
				TLSHandshakeTimeout:    connecting,
				ResponseHeaderTimeout:  answering,
				MaxResponseHeaderBytes: 64 << 10,
				MaxIdleConnsPerHost:    1,
				IdleConnTimeout:        time.Minute,
				ForceAttemptHTTP2:      true,
			},
			// A tracker is where it says it is. Whoever moves tells the operators.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// A StatusError is an answer that is not what was asked for.
type StatusError struct {
	Status int
	Says   string // what the server says about it; may be empty
}

// Error shows the status and what the server says.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("status %d %s", e.Status, http.StatusText(e.Status))
	if e.Says != "" {
		text += ": " + e.Says
	}
	return text
}

// do sends a request below the URL of a tracker. The caller closes the answer.
func (c *Client) do(ctx context.Context, method string, at mirror.URL, path string, header http.Header, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, at.String()+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if header != nil {
		req.Header = header
	}
	req.Header.Set("User-Agent", c.agent)
	res, err := c.http.Do(req)
	if urlErr := (*url.Error)(nil); errors.As(err, &urlErr) {
		err = urlErr.Err // which tracker it is the caller says
	}
	return res, err
}

// refusal makes an error of an answer, which it closes.
func refusal(res *http.Response) error {
	defer res.Body.Close()
	says, _ := io.ReadAll(io.LimitReader(res.Body, maxSays))
	line, _, _ := strings.Cut(strings.TrimSpace(string(says)), "\n")
	return &StatusError{res.StatusCode, fmt.Sprintf("%q", line)}
}

// Introduction asks a tracker for what it says of itself and of others.
func (c *Client) Introduction(ctx context.Context, at mirror.URL) (told peer.Introduction, err error) {
	ctx, cancel := context.WithTimeout(ctx, talking)
	defer cancel()
	res, err := c.do(ctx, http.MethodGet, at, peer.TrackersPath, nil, nil)
	if err != nil {
		return told, err
	}
	if res.StatusCode != http.StatusOK {
		return told, refusal(res)
	}
	defer res.Body.Close()
	const each = 4 << 10
	if err := json.NewDecoder(io.LimitReader(res.Body, each*peer.MaxTrackers)).Decode(&told); err != nil {
		return told, fmt.Errorf("what it says of trackers: %w", err)
	}
	if err := told.Validate(); err != nil {
		return told, fmt.Errorf("what it says of trackers: %w", err)
	}
	return told, nil
}

// Offers asks a tracker for what it offers and calls fn with each offer. The tag is
// that of the last answer, or ""; if nothing has changed since, it is returned and fn
// not called. An error of fn ends the call.
func (c *Client) Offers(ctx context.Context, at mirror.URL, tag string, fn func(peer.Offer) error) (newTag string, err error) {
	ctx, cancel := context.WithTimeout(ctx, talking)
	defer cancel()
	header := http.Header{}
	if tag != "" {
		header.Set("If-None-Match", tag)
	}
	res, err := c.do(ctx, http.MethodGet, at, peer.SnapshotsPath, header, nil)
	if err != nil {
		return "", err
	}
	switch {
	case res.StatusCode == http.StatusNotModified && tag != "":
		return tag, res.Body.Close()
	case res.StatusCode != http.StatusOK:
		return "", refusal(res)
	}
	defer res.Body.Close()
	if err := offers(io.LimitReader(res.Body, maxList), fn); err != nil {
		return "", err
	}
	return tagOf(res), nil
}

// maxTag bounds what is kept of an ETag.
const maxTag = 200

func tagOf(res *http.Response) string {
	if tag := res.Header.Get("ETag"); len(tag) <= maxTag {
		return tag
	}
	return ""
}

// offers reads a list.
func offers(r io.Reader, fn func(peer.Offer) error) error {
	list := json.NewDecoder(r)
	if first, err := list.Token(); err != nil || first != json.Delim('[') {
		return fmt.Errorf("what it offers is no list (%v, %v)", first, err)
	}
	for n := 0; list.More(); n++ {
		var o peer.Offer
		if err := list.Decode(&o); err != nil {
			return fmt.Errorf("what it offers, number %d: %w", n+1, err)
		}
		if n >= peer.MaxOffers {
			return fmt.Errorf("it offers more than %d snapshots", peer.MaxOffers)
		}
		if err := o.Validate(); err != nil {
			return fmt.Errorf("what it offers, number %d: %w", n+1, err)
		}
		if err := fn(o); err != nil {
			return err
		}
	}
	if _, err := list.Token(); err != nil {
		return fmt.Errorf("what it offers has no end: %w", err)
	}
	return nil
}

// Notify tells a tracker that another, which is this one, has something new.
func (c *Client) Notify(ctx context.Context, at mirror.URL, n peer.Notice) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, connecting)
	defer cancel()
	res, err := c.do(ctx, http.MethodPost, at, peer.NotifyPath, http.Header{"Content-Type": {"application/json"}}, body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusAccepted {
		return refusal(res)
	}
	return res.Body.Close()
}
