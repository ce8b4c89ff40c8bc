package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

// Paths of the routes. What is asked is JSON in the body, as is the answer: one value with
// status 200, a [Failure] with 409, and lines (application/x-ndjson) where there is more to
// tell.
const (
	pathPing       = "/ping"
	pathState      = "/state"
	pathNews       = "/news"
	pathApply      = "/apply"
	pathDirectory  = "/directory"
	pathOperations = "/operations"
	pathForget     = "/forget"
	pathListen     = "/listen"
	pathUnlisten   = "/unlisten"
	pathSend       = "/send"
	pathReceive    = "/receive"
	pathBridge     = "/bridge"
	pathDuplicate  = "/duplicate"
	pathChecksum   = "/checksum"
	pathCertify    = "/certify"
)

// Bounds of what is asked, in bytes and numbers.
const (
	maxRequest = 16 << 20
	maxIntents = 500 // in one request; a path takes 12 KiB at most
	maxForget  = 10000
	maxTickets = 16
)

// Routes serves a slave to a master. They know nothing of who asks: that is for the link.
func Routes(s Slave, log *slog.Logger) http.Handler {
	r := &routes{slave: s, log: log}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+pathPing, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET "+pathNews, r.news)
	mux.HandleFunc("POST "+pathDirectory, r.directory)
	transfer(r, mux, pathSend, (*Send).check, func(ctx context.Context, q Send, tell func(Event)) (*Prepared, error) {
		return nil, s.Send(ctx, q, tell)
	})
	transfer(r, mux, pathReceive, (*Receive).check, func(ctx context.Context, q Receive, tell func(Event)) (*Prepared, error) {
		p, err := s.Receive(ctx, q, tell)
		return &p, err
	})
	transfer(r, mux, pathBridge, (*Bridge).check, func(ctx context.Context, b Bridge, tell func(Event)) (*Prepared, error) {
		return nil, s.Bridge(ctx, b, tell)
	})
	handle(r, mux, pathState, func(ctx context.Context, _ struct{}) (State, error) { return s.State(ctx) })
	handle(r, mux, pathOperations, func(ctx context.Context, _ struct{}) ([]Prepared, error) { return s.Operations(ctx) })
	handle(r, mux, pathApply, r.apply)
	handle(r, mux, pathForget, func(ctx context.Context, ops []uint64) (struct{}, error) {
		if len(ops) > maxForget {
			return struct{}{}, invalid(fmt.Errorf("%d operations at once", len(ops)))
		}
		return struct{}{}, s.Forget(ctx, ops)
	})
	handle(r, mux, pathListen, func(ctx context.Context, l Listen) (Listening, error) {
		if err := l.check(); err != nil {
			return Listening{}, invalid(err)
		}
		return s.Listen(ctx, l)
	})
	handle(r, mux, pathUnlisten, func(ctx context.Context, listener uint64) (struct{}, error) {
		return struct{}{}, s.Unlisten(ctx, listener)
	})
	handle(r, mux, pathDuplicate, func(ctx context.Context, d Duplicate) (Prepared, error) {
		if err := d.check(); err != nil {
			return Prepared{}, invalid(err)
		}
		return s.Duplicate(ctx, d)
	})
	handle(r, mux, pathChecksum, func(ctx context.Context, c Checksum) ([]byte, error) {
		if err := c.check(); err != nil {
			return nil, invalid(err)
		}
		return s.Checksum(ctx, c)
	})
	handle(r, mux, pathCertify, func(ctx context.Context, c Certificate) (struct{}, error) {
		if len(c.Tickets) > maxTickets {
			return struct{}{}, invalid(fmt.Errorf("%d keys for tickets", len(c.Tickets)))
		}
		return struct{}{}, s.Certify(ctx, c)
	})
	return mux
}

type routes struct {
	slave Slave
	log   *slog.Logger
}

// applied is the answer to intents: how far they came, and why not further.
type applied struct {
	Applied uint64   `json:"applied"`
	Failed  *Failure `json:"failed,omitempty"`
}

func (r *routes) apply(ctx context.Context, intents []Intent) (applied, error) {
	if len(intents) > maxIntents {
		return applied{}, invalid(fmt.Errorf("%d intents at once", len(intents)))
	}
	for i := range intents {
		if err := intents[i].check(); err != nil {
			return applied{}, invalid(err)
		}
	}
	last, err := r.slave.Apply(ctx, intents)
	a := applied{Applied: last}
	if err != nil {
		a.Failed = r.failure(ctx, pathApply, err)
	}
	return a, nil
}

func invalid(err error) *Failure { return &Failure{Reason: Invalid, Text: err.Error()} }

// failure makes a reason of any error. One without a reason is a fault of the slave's own.
func (r *routes) failure(ctx context.Context, what string, err error) *Failure {
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		if ctx.Err() == nil { // the master has not gone
			r.log.Error("request of the master", "request", strings.TrimPrefix(what, "/"), "err", err)
		}
		f = &Failure{Reason: Internal, Text: err.Error()}
	}
	if len(f.Text) > maxText {
		short := *f
		short.Text = f.Text[:maxText]
		f = &short
	}
	return f
}

// read reads what is asked. What the slave does not know must not be left undone silently,
// so unknown fields are refused.
func read(w http.ResponseWriter, req *http.Request, q any) error {
	if req.ContentLength == 0 {
		return nil
	}
	in := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxRequest))
	in.DisallowUnknownFields()
	if err := in.Decode(q); err != nil {
		return invalid(err)
	}
	if _, err := in.Token(); err != io.EOF {
		return invalid(errors.New("more than one value"))
	}
	return nil
}

// handle serves what has one answer.
func handle[Q, A any](r *routes, mux *http.ServeMux, path string, do func(ctx context.Context, q Q) (A, error)) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, req *http.Request) {
		var q Q
		err := read(w, req, &q)
		if err == nil {
			var a A
			if a, err = do(req.Context(), q); err == nil {
				r.reply(w, http.StatusOK, a)
				return
			}
		}
		r.reply(w, http.StatusConflict, r.failure(req.Context(), path, err))
	})
}

func (r *routes) reply(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic("wire: internal error: " + err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a master that is gone misses nothing
}

// transfer serves what has events.
func transfer[Q any](r *routes, mux *http.ServeMux, path string, check func(*Q) error, do func(ctx context.Context, q Q, tell func(Event)) (*Prepared, error)) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, req *http.Request) {
		var q Q
		err := read(w, req, &q)
		if err == nil {
			if err = check(&q); err != nil {
				err = invalid(err)
			}
		}
		out := newEvents(w)
		var last Event
		if err == nil {
			last.Prepared, err = do(req.Context(), q, out.tell)
		}
		if err != nil {
			last = Event{Failed: r.failure(req.Context(), path, err)}
		} else {
			last.Done = true
		}
		out.end(last)
	})
}

func (r *routes) news(w http.ResponseWriter, req *http.Request) {
	out := newLines(w)
	err := r.slave.News(req.Context(), func(n News) error { return out.tell(n) })
	if err != nil && req.Context().Err() == nil {
		r.log.Warn("news for the master", "err", err)
	}
}
