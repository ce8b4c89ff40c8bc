package wire

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A question is which directory is to be listed.
type question struct {
	Path Path `json:"path"`
	Deep bool `json:"deep,omitempty"`
}

// A listed line has an entry, or is the last one.
type listed struct {
	Entry
	End    bool     `json:"end,omitempty"`
	Failed *Failure `json:"failed,omitempty"`
}

// maxWindow bounds how far back compression may refer, and so the memory of both sides.
const maxWindow = 1 << 20

// Most entries of a directory, and most below one.
const (
	maxEntries = 1 << 20
	maxBelow   = 1 << 27
)

var encoders = sync.Pool{New: func() any {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(maxWindow/4))
	if err != nil {
		panic("wire: internal error: " + err.Error())
	}
	return e
}}

var decoders = sync.Pool{New: func() any {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic("wire: internal error: " + err.Error())
	}
	return d
}}

func (r *routes) directory(w http.ResponseWriter, req *http.Request) {
	var q question
	err := read(w, req, &q)
	if err == nil {
		if err = q.Path.Check(); err != nil {
			err = invalid(err)
		}
	}
	if err != nil {
		r.reply(w, http.StatusConflict, r.failure(req.Context(), pathDirectory, err))
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Content-Encoding", "zstd")
	out := encoders.Get().(*zstd.Encoder)
	defer encoders.Put(out)
	out.Reset(w)
	defer out.Reset(nil) // lets go of the answer
	lines := json.NewEncoder(out)
	last := listed{End: true}
	for e, err := range r.slave.Directory(req.Context(), q.Path, q.Deep) {
		if err != nil {
			last = listed{Failed: r.failure(req.Context(), pathDirectory, err)}
			break
		}
		if lines.Encode(listed{Entry: e}) != nil {
			return // the master is gone
		}
	}
	if lines.Encode(last) == nil {
		_ = out.Close()
	}
}

// Directory implements [Slave].
func (c *Client) Directory(ctx context.Context, dir Path, deep bool) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)
		quiet := watch(cancel, silence)
		defer quiet.Stop()
		res, err := c.ask(ctx, http.MethodPost, pathDirectory, question{Path: dir, Deep: deep})
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer res.Body.Close()
		in := decoders.Get().(*zstd.Decoder)
		defer decoders.Put(in)
		if err := in.Reset(res.Body); err != nil {
			yield(Entry{}, c.broken(ctx, err))
			return
		}
		defer in.Reset(nil) // lets go of the body
		left := maxEntries
		if deep {
			left = maxBelow
		}
		for line, err := range readLines(in) {
			var l listed
			if err == nil {
				err = context.Cause(ctx) // what is decompressed need not wait for the slave
			}
			if left--; err == nil && left < 0 {
				err = errors.New("it lists too many entries")
			}
			if err == nil {
				err = json.Unmarshal(line, &l)
			}
			switch {
			case err != nil:
			case l.Failed != nil:
				yield(Entry{}, l.Failed)
				return
			case l.End:
				return
			default:
				err = l.Entry.check(deep)
			}
			if err != nil {
				yield(Entry{}, c.broken(ctx, err))
				return
			}
			quiet.Stop() // it is not the slave's time that passes now
			if !yield(l.Entry, nil) {
				return
			}
			quiet.Reset(silence)
		}
		yield(Entry{}, c.broken(ctx, io.ErrUnexpectedEOF))
	}
}
