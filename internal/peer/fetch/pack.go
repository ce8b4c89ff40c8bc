package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer"
)

// An Order says which pack is wanted.
type Order struct {
	At   mirror.URL // the tracker
	Site mirror.SiteID
	Root digest.ID
	Have []digest.ID // roots that are here, the likest first; none for the full pack
}

// path is where it is, below the tracker's URL.
func (o *Order) path(what string) string {
	query := url.Values{"root": {o.Root.String()}}
	for _, id := range o.Have {
		query.Add("have", id.String())
	}
	return peer.SitesPath + o.Site.String() + "/" + what + "?" + query.Encode()
}

// A Pack is one that was downloaded whole, to a file. Whether it is what it should be is
// for its signature to say.
type Pack struct {
	Path      string
	Signature []byte
	Size      int64
	Loaded    int64 // how much of it came this time
}

// Close deletes the file.
func (p *Pack) Close() error { return remove(p.Path) }

const (
	partSuffix = ".part"
	tagSuffix  = ".tag"
	chunk      = 32 << 10

	// resumeFor is how long what was downloaded in part is kept.
	resumeFor = 48 * time.Hour
)

// Pack downloads a pack and its signature. What comes of it before a failure stays in
// the folder, also when this process ends, and the next call with the same order goes
// on there, provided that the server still has the same bytes. Only one call at a time
// may be for the same order. The caller closes the pack.
func (c *Client) Pack(ctx context.Context, o Order) (*Pack, error) {
	if err := os.MkdirAll(c.folder, 0o755); err != nil {
		return nil, err
	}
	if err := c.tidy(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(o.At.String() + o.path("pack")))
	p := &Pack{Path: filepath.Join(c.folder, hex.EncodeToString(sum[:16])+partSuffix)}
	if err := c.download(ctx, &o, p); err != nil {
		return nil, err
	}
	var err error
	if p.Signature, err = c.signature(ctx, &o); err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	return p, nil
}

// tidy deletes what nobody has gone on with for long, and as much of the rest as is more
// than one pack can have, unless it is under way.
func (c *Client) tidy() error {
	entries, err := os.ReadDir(c.folder)
	if err != nil {
		return err
	}
	var parts []fs.FileInfo
	total := int64(0)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && strings.HasSuffix(e.Name(), partSuffix) {
			parts = append(parts, info)
			total += info.Size()
		}
	}
	slices.SortFunc(parts, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, part := range parts {
		idle := time.Since(part.ModTime())
		if idle > resumeFor || total > c.max && idle > 2*silence {
			if err := remove(filepath.Join(c.folder, part.Name())); err != nil {
				return err
			}
			total -= part.Size()
		}
	}
	return nil
}

// remove deletes a partial file and its tag.
func remove(path string) error {
	for _, path := range []string{path, path + tagSuffix} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// download makes the file of a pack whole.
func (c *Client) download(ctx context.Context, o *Order, p *Pack) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	file, err := os.OpenFile(p.Path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	have, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	header := http.Header{"Accept-Encoding": {"identity"}}
	if tag, err := os.ReadFile(p.Path + tagSuffix); err == nil && have > 0 {
		header.Set("If-Range", string(tag))
		header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	res, err := c.do(ctx, http.MethodGet, o.At, o.path("pack"), header, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
		have = 0
		if err := begin(file, tagOf(res)); err != nil {
			return err
		}
	case http.StatusPartialContent:
		if want := fmt.Sprintf("bytes %d-", have); !strings.HasPrefix(res.Header.Get("Content-Range"), want) {
			return errors.Join(fmt.Errorf("asked for all from byte %d on, it answers with %q", have, res.Header.Get("Content-Range")), remove(p.Path))
		}
	case http.StatusRequestedRangeNotSatisfiable:
		// Nothing is left to come. If that is wrong, the signature will not fit.
		if whole := fmt.Sprintf("bytes */%d", have); res.Header.Get("Content-Range") == whole {
			p.Size = have
			return nil
		}
		return errors.Join(refusal(res), remove(p.Path))
	default:
		return refusal(res)
	}
	if res.ContentLength > c.max-have {
		return errors.Join(c.tooLarge(), remove(p.Path))
	}
	watch := time.AfterFunc(silence, func() { cancel(fmt.Errorf("nothing came for %s", silence)) })
	defer watch.Stop()
	p.Loaded, err = c.copy(ctx, file, res.Body, c.max-have, watch)
	p.Size = have + p.Loaded
	switch {
	case errors.Is(err, ErrTooLarge):
		return errors.Join(c.tooLarge(), remove(p.Path))
	case err != nil && context.Cause(ctx) != nil:
		return context.Cause(ctx)
	}
	return errors.Join(err, file.Close())
}

// begin empties a file and keeps the tag of what is going to stand there.
func begin(file *os.File, tag string) error {
	if err := os.Remove(file.Name() + tagSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if tag == "" || strings.HasPrefix(tag, "W/") {
		return nil // it cannot be gone on with
	}
	return os.WriteFile(file.Name()+tagSuffix, []byte(tag), 0o644)
}

// ErrTooLarge says that a pack is larger than those that are downloaded.
var ErrTooLarge = errors.New("the pack is too large")

func (c *Client) tooLarge() error {
	return fmt.Errorf("%w: it has more than %d bytes", ErrTooLarge, c.max)
}

// copy copies to a file, at the client's pace.
func (c *Client) copy(ctx context.Context, to io.Writer, from io.Reader, limit int64, watch *time.Timer) (n int64, err error) {
	buffer := make([]byte, chunk)
	for {
		watch.Reset(silence)
		read, err := from.Read(buffer)
		watch.Stop()
		if n += int64(read); n > limit {
			return n, ErrTooLarge
		}
		if _, err := to.Write(buffer[:read]); err != nil {
			return n, err
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if err := c.pace.WaitN(ctx, read); err != nil {
			return n, err
		}
	}
}

// signature asks for the signature of a pack.
func (c *Client) signature(ctx context.Context, o *Order) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	res, err := c.do(ctx, http.MethodGet, o.At, o.path("pack.minisig"), nil, nil)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, refusal(res)
	}
	defer res.Body.Close()
	return io.ReadAll(io.LimitReader(res.Body, pack.MaxSignature+1))
}
