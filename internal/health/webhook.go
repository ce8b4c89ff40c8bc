package health

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/sethvargo/go-retry"
)

const (
	hookQueue   = 1000             // events that may wait
	hookTimeout = 10 * time.Second // of one post
	hookTries   = 6
	hookPause   = time.Second // before the second try; then twice as long each time
)

// signatureHeader has "sha256=" and the hex digits of the HMAC-SHA256 of the body
// with the webhook's secret for its key.
const signatureHeader = "X-Tracker-Signature"

// A hook posts events to a webhook, one after the other.
type hook struct {
	Webhook
	process string
	client  *http.Client
	queue   chan Event
	log     *slog.Logger
	metrics *metrics
}

func newHook(w Webhook, process string, log *slog.Logger, m *metrics) *hook {
	return &hook{
		Webhook: w,
		process: process,
		client: &http.Client{
			Timeout: hookTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse
			},
		},
		queue:   make(chan Event, hookQueue),
		log:     log,
		metrics: m,
	}
}

// post has an event posted later. It never waits: where too many do, it is dropped.
func (h *hook) post(e Event) {
	select {
	case h.queue <- e:
	default:
		h.metrics.posts.WithLabelValues("dropped").Inc()
	}
}

// run posts until ctx is done.
func (h *hook) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-h.queue:
			err := h.deliver(ctx, e)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				h.log.Warn("webhook was not told of an event", "host", h.host(), "err", err)
				h.metrics.posts.WithLabelValues("failed").Inc()
			default:
				h.metrics.posts.WithLabelValues("delivered").Inc()
			}
		}
	}
}

// A message is what is posted.
type message struct {
	Event
	Process string `json:"process"` // that has found it
}

// deliver posts one event, and again if that may help.
func (h *hook) deliver(ctx context.Context, e Event) error {
	body, err := json.Marshal(message{e, h.process})
	if err != nil {
		return err
	}
	backoff := retry.WithMaxRetries(hookTries-1, retry.WithJitterPercent(20, retry.NewExponential(hookPause)))
	return retry.Do(ctx, backoff, func(ctx context.Context) error { return h.send(ctx, body) })
}

func (h *hook) send(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("its URL is none") // which may hold a secret
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "mirrortracker")
	if h.Secret != "" {
		mac := hmac.New(sha256.New, []byte(h.Secret))
		mac.Write(body)
		req.Header.Set(signatureHeader, "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	res, err := h.client.Do(req)
	if err != nil {
		if outer, ok := errors.AsType[*url.Error](err); ok {
			err = outer.Err // without the URL, which may hold a secret
		}
		return retry.RetryableError(err)
	}
	res.Body.Close()
	switch code := res.StatusCode; {
	case code/100 == 2:
		return nil
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return retry.RetryableError(fmt.Errorf("it answers %s", res.Status))
	default:
		return fmt.Errorf("it answers %s", res.Status)
	}
}

// host names the webhook without what may be secret in its URL.
func (h *hook) host() string {
	u, err := url.Parse(h.URL)
	if err != nil {
		return ""
	}
	return u.Host
}
