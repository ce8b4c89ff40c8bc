package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Time limits of a slave that answers pings, and yet not what it is asked.
const (
	short    = 10 * time.Second // for what takes no time
	silence  = 10 * time.Second // without any event of a transfer, of which there is one every second
	standing = time.Minute      // beyond the stall limit, without any progress; a disk may have to take what came

	bytesPerSecond = 10 << 20 // of a disk that is slow
)

// maxAnswer bounds an answer of one value, in bytes.
const maxAnswer = 16 << 20

// A Client is a slave at the other end of a link.
type Client struct{ link http.RoundTripper }

// NewClient returns a client that asks by link, which must lead to one slave's [Routes],
// whatever host is asked for.
func NewClient(link http.RoundTripper) *Client { return &Client{link} }

var _ Slave = (*Client)(nil)

// Ping asks for a sign of life.
func (c *Client) Ping(ctx context.Context) error {
	res, err := c.ask(ctx, http.MethodGet, pathPing, nil)
	if err == nil {
		res.Body.Close()
	}
	return err
}

// State implements [Slave].
func (c *Client) State(ctx context.Context) (State, error) {
	s, err := call[State](ctx, c, short, pathState, nil)
	if err == nil {
		err = c.sound(s.check())
	}
	return s, err
}

// Apply implements [Slave].
func (c *Client) Apply(ctx context.Context, intents []Intent) (uint64, error) {
	for {
		now := intents[:min(len(intents), maxIntents)]
		a, err := call[applied](ctx, c, time.Minute, pathApply, now)
		switch {
		case err != nil:
			return 0, err
		case a.Failed != nil:
			return a.Applied, a.Failed
		}
		if intents = intents[len(now):]; len(intents) == 0 {
			return a.Applied, nil
		}
	}
}

// Operations implements [Slave].
func (c *Client) Operations(ctx context.Context) ([]Prepared, error) {
	all, err := call[[]Prepared](ctx, c, time.Minute, pathOperations, nil)
	for i := range all {
		err = errors.Join(err, c.sound(all[i].check()))
	}
	return all, err
}

// Forget implements [Slave].
func (c *Client) Forget(ctx context.Context, ops []uint64) error {
	for len(ops) > 0 {
		now := ops[:min(len(ops), maxForget)]
		if _, err := call[struct{}](ctx, c, time.Minute, pathForget, now); err != nil {
			return err
		}
		ops = ops[len(now):]
	}
	return nil
}

// Listen implements [Slave].
func (c *Client) Listen(ctx context.Context, l Listen) (Listening, error) {
	answer, err := call[Listening](ctx, c, short, pathListen, l)
	if err == nil {
		err = c.sound(answer.check())
	}
	return answer, err
}

// Unlisten implements [Slave].
func (c *Client) Unlisten(ctx context.Context, listener uint64) error {
	_, err := call[struct{}](ctx, c, short, pathUnlisten, listener)
	return err
}

// Duplicate implements [Slave].
func (c *Client) Duplicate(ctx context.Context, d Duplicate) (Prepared, error) {
	p, err := call[Prepared](ctx, c, reading(d.Ref.Size), pathDuplicate, d)
	if err == nil && (p.Op != d.Op || p.Size != d.Ref.Size) {
		err = fmt.Errorf("it has prepared %d bytes as operation %d, and not %d as %d", p.Size, p.Op, d.Ref.Size, d.Op)
	}
	if err == nil {
		err = c.sound(p.check())
	}
	return p, err
}

// Checksum implements [Slave].
func (c *Client) Checksum(ctx context.Context, q Checksum) ([]byte, error) {
	return call[[]byte](ctx, c, reading(q.Ref.Size), pathChecksum, q)
}

// Certify implements [Slave].
func (c *Client) Certify(ctx context.Context, certificate Certificate) error {
	_, err := call[struct{}](ctx, c, short, pathCertify, certificate)
	return err
}

// News implements [Slave]. It ends without an error if the slave says that it leaves.
func (c *Client) News(ctx context.Context, tell func(News) error) error {
	res, err := c.ask(ctx, http.MethodGet, pathNews, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	for line, err := range readLines(res.Body) {
		var n News
		if err == nil {
			err = json.Unmarshal(line, &n)
		}
		if err == nil {
			err = n.check()
		}
		if err != nil {
			return c.broken(ctx, err)
		}
		if err := tell(n); err != nil || n.Leaving {
			return err
		}
	}
	return c.broken(ctx, io.ErrUnexpectedEOF)
}

// Send implements [Slave].
func (c *Client) Send(ctx context.Context, s Send, tell func(Event)) error {
	_, err := c.transfer(ctx, pathSend, s, s.Meet.Timeout, s.Stall, tell)
	return err
}

// Receive implements [Slave].
func (c *Client) Receive(ctx context.Context, r Receive, tell func(Event)) (Prepared, error) {
	wait := r.Meet.Timeout
	if r.From != nil {
		wait = short
	}
	last, err := c.transfer(ctx, pathReceive, r, wait+reading(r.First), r.Stall+reading(r.First), tell)
	if err != nil {
		return Prepared{}, err
	}
	if last.Prepared == nil {
		return Prepared{}, c.sound(errors.New("it is done, and nothing is prepared"))
	}
	return *last.Prepared, c.sound(last.Prepared.fits(&r, last.Moved))
}

// Bridge implements [Slave].
func (c *Client) Bridge(ctx context.Context, b Bridge, tell func(Event)) error {
	_, err := c.transfer(ctx, pathBridge, b, b.Timeout, b.Stall, tell)
	return err
}

// transfer follows one to its last event, which is that it is done, and how much has moved. The connection must
// come about within wait; the slave tells something within silence from then on, and
// bytes move within stall, or a while after it.
func (c *Client) transfer(ctx context.Context, path string, q any, wait, stall time.Duration, tell func(Event)) (Event, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := watch(cancel, wait+silence)
	defer quiet.Stop()
	stands := watch(cancel, wait+stall+standing)
	defer stands.Stop()
	res, err := c.ask(ctx, http.MethodPost, path, q)
	if err != nil {
		return Event{}, err
	}
	defer res.Body.Close()
	var last Event
	for line, err := range readLines(res.Body) {
		var e Event
		if err == nil {
			err = json.Unmarshal(line, &e)
		}
		if err == nil {
			err = e.follows(&last)
		}
		if err != nil {
			return Event{}, c.broken(ctx, err)
		}
		if e.Connected || e.Moved > 0 || e.Next != nil {
			tell(Event{Connected: e.Connected, Moved: e.Moved, Next: e.Next})
		}
		switch {
		case e.Failed != nil:
			return Event{}, e.Failed
		case e.Done:
			e.Moved = max(e.Moved, last.Moved)
			return e, nil
		}
		if e.Moved > last.Moved {
			stands.Reset(stall + standing)
		}
		last.Moved, last.Connected = max(last.Moved, e.Moved), last.Connected || e.Connected
		if last.Connected {
			quiet.Reset(silence)
		}
	}
	return Event{}, c.broken(ctx, io.ErrUnexpectedEOF)
}

// reading returns how long a disk may need for so many bytes.
func reading(n int64) time.Duration { return short + time.Duration(n/bytesPerSecond)*time.Second }

var errSilent = errors.New("it does not answer")

// watch cancels what takes longer than limit.
func watch(cancel context.CancelCauseFunc, limit time.Duration) *time.Timer {
	return time.AfterFunc(limit, func() { cancel(errSilent) })
}

// call asks for one value.
func call[A any](ctx context.Context, c *Client, limit time.Duration, path string, q any) (a A, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errSilent)
	defer cancel()
	res, err := c.ask(ctx, http.MethodPost, path, q)
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
	case len(text) > maxAnswer:
		err = errors.New("its answer is too long")
	default:
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return a, c.broken(ctx, err)
	}
	return a, nil
}

// ask sends a request, and returns the answer if it is none of failure. The caller closes
// its body.
func (c *Client) ask(ctx context.Context, method, path string, q any) (*http.Response, error) {
	req := &http.Request{Method: method, URL: &url.URL{Scheme: "http", Host: "slave", Path: path}, Header: http.Header{}}
	if q != nil {
		text, err := json.Marshal(q)
		if err != nil {
			panic("wire: internal error: " + err.Error())
		}
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	}
	res, err := c.link.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, c.broken(ctx, err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	var f Failure
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err == nil && res.StatusCode == http.StatusConflict {
		err = json.Unmarshal(text, &f)
	}
	switch {
	case err != nil:
		return nil, c.broken(ctx, err)
	case f.Reason == "":
		return nil, c.sound(fmt.Errorf("%s is answered by status %d: is its software older?", path, res.StatusCode))
	}
	return nil, &f
}

// broken is the error when the slave cannot be heard, unless that is because nobody listens
// any more.
func (c *Client) broken(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		if !errors.Is(cause, errSilent) {
			return cause
		}
		err = cause
	}
	return fmt.Errorf("%w: %w", ErrLink, err)
}

// sound is the error of an answer that no slave gives which works.
func (c *Client) sound(err error) error {
	if err == nil {
		return nil
	}
	return &Failure{Reason: Internal, Text: "the slave answers nonsense: " + err.Error()}
}
