package link

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"mirrortracker/internal/distftp/identity"
)

// What a master asks of a slave besides what is in package wire.
const (
	pathGreeting = "/link/greeting"
	pathRefusal  = "/link/refusal"
)

// maxGreeting bounds both, in bytes.
const maxGreeting = 64 << 10

// A greeting is the first that a slave hears from a master that has let it in, and is
// repeated when something in it changes.
type greeting struct {
	Master  string           `json:"master"`           // its name
	Renewed *identity.Papers `json:"renewed,omitzero"` // what the slave is to keep
}

// A refusal is the last that it hears otherwise.
type refusal struct {
	Reason string `json:"reason"`
}

// tell sends one of them.
func tell(ctx context.Context, to http.RoundTripper, path string, what any) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	text, err := json.Marshal(what)
	if err != nil {
		return err
	}
	req := &http.Request{
		Method: http.MethodPost, URL: &url.URL{Scheme: "http", Host: "slave", Path: path}, Header: http.Header{},
		Body: io.NopCloser(bytes.NewReader(text)), ContentLength: int64(len(text)),
	}
	res, err := to.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		why, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return fmt.Errorf("the slave answers %s with status %d: %q", path, res.StatusCode, why)
	}
	return nil
}

// hear serves one of them.
func hear[What any](routes *http.ServeMux, path string, do func(What) error) {
	routes.HandleFunc("POST "+path, func(w http.ResponseWriter, req *http.Request) {
		var what What
		text, err := io.ReadAll(io.LimitReader(req.Body, maxGreeting+1))
		if err == nil && len(text) > maxGreeting {
			err = errors.New("too long")
		}
		if err == nil {
			err = json.Unmarshal(text, &what)
		}
		if err == nil {
			err = do(what)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
