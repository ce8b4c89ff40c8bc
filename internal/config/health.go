package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/health"
	"mirrortracker/internal/mirror"
)

// Health says how the sites' URLs are checked.
type Health struct {
	Checks        string          `toml:"checks"` // on or off
	Interval      strict.Duration `toml:"interval"`
	Timeout       strict.Duration `toml:"timeout"`
	Parallel      int             `toml:"parallel"`
	Brake         float64         `toml:"brake"` // a share of what was offered
	BrakePause    strict.Duration `toml:"brake_pause"`
	Private       []netip.Prefix  `toml:"private"`
	Webhooks      []string        `toml:"webhooks"`       // URLs, or where they stand
	WebhookSecret string          `toml:"webhook_secret"` // where it stands
	Days          int             `toml:"days"`
}

func defaultHealth() Health {
	d := health.DefaultOptions()
	return Health{
		Checks:     "on",
		Interval:   strict.Span(d.Interval),
		Timeout:    strict.Span(d.Timeout),
		Parallel:   d.Parallel,
		Brake:      d.Brake,
		BrakePause: strict.Span(d.Pause),
		Private:    []netip.Prefix{},
		Webhooks:   []string{},
		Days:       d.Days,
	}
}

// Options returns how to check; contact is whom to ask about it.
func (h *Health) Options(contact string) health.Options {
	return health.Options{
		Interval: h.Interval.Duration,
		Timeout:  h.Timeout.Duration,
		Parallel: h.Parallel,
		Contact:  contact,
		Brake:    h.Brake,
		Pause:    h.BrakePause.Duration,
		Private:  h.Private,
		Days:     h.Days,
	}
}

// Hooks returns the webhooks, with what is secret about them read from where it stands.
func (h *Health) Hooks(getenv func(string) string) ([]health.Webhook, error) {
	secret := ""
	if h.WebhookSecret != "" {
		var err error
		if secret, err = mirror.ReadSecret(h.WebhookSecret, getenv); err != nil {
			return nil, fmt.Errorf("health.webhook_secret: %w", err)
		}
	}
	hooks := make([]health.Webhook, len(h.Webhooks))
	for i, text := range h.Webhooks {
		if !isURL(text) {
			where := text
			var err error
			if text, err = mirror.ReadSecret(where, getenv); err == nil {
				err = webhookURL(text)
			}
			if err != nil {
				return nil, fmt.Errorf("health.webhooks: %w", err)
			}
		}
		hooks[i] = health.Webhook{URL: text, Secret: secret}
	}
	return hooks, nil
}

func (h *Health) validate() error {
	return errors.Join(
		strict.OneOf("health.checks", h.Checks, "on", "off"),
		canonical("health.private", h.Private),
		strict.Lasting("health.interval", h.Interval, time.Second, time.Hour),
		strict.Lasting("health.timeout", h.Timeout, 100*time.Millisecond, time.Minute),
		strict.Between("health.parallel", h.Parallel, 1, 10_000),
		strict.Between("health.brake", h.Brake, 0.01, 1),
		strict.Lasting("health.brake_pause", h.BrakePause, time.Second, time.Hour),
		strict.Between("health.days", h.Days, 1, 100_000),
		strict.Optional("health.webhook_secret", h.WebhookSecret, secretPlace),
		validateWebhooks(h.Webhooks),
	)
}

func validateWebhooks(all []string) error {
	var failed []error
	for i, text := range all {
		err := webhookURL(text)
		if !isURL(text) {
			err = mirror.ValidReference(text)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("health.webhooks: number %d must be a URL, env:NAME for a variable of the environment, or file:PATH for a file that has one", i+1))
		}
	}
	return errors.Join(failed...)
}

func isURL(text string) bool { return strings.Contains(text, "://") }

// webhookURL checks a URL, which no error shows: it may hold a secret.
func webhookURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("that is no URL of http or https")
	}
	return nil
}

func secretPlace(key, value string) error {
	if err := mirror.ValidReference(value); err != nil {
		return strict.Wrong(key, "%w", err)
	}
	return nil
}
