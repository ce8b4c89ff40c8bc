package serve

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"aead.dev/minisign"
	"golang.org/x/sync/singleflight"

	"mirrortracker/internal/pack"
)

// Packs are made when they are asked for, one at a time, and kept in a folder: NAME.pack,
// and its signature in NAME.pack.minisig. The name follows from all that stands in the
// header, and so the bytes do. Several processes may share a folder.
type packs struct {
	source pack.Source
	key    minisign.PrivateKey
	folder string
	limit  int64 // bytes of all that are kept, but for the last

	making singleflight.Group
	turn   chan struct{} // is filled while one is made
	queued atomic.Int64
	made   atomic.Int64
}

const (
	packSuffix      = ".pack"
	signatureSuffix = ".minisig"
	unfinished      = ".making-"

	maxQueued = 16               // packs that wait to be made
	makeTime  = 30 * time.Minute // that it may take
)

// errBusy says that too many packs wait to be made.
var errBusy = errors.New("too many packs are being made")

func newPacks(source pack.Source, key minisign.PrivateKey, folder string, limit int64) (*packs, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("folder for packs: %w", err)
	}
	p := &packs{source: source, key: key, folder: folder, limit: limit, turn: make(chan struct{}, 1)}
	return p, p.sweep()
}

// sweep deletes what processes left behind that were killed.
func (p *packs) sweep() error {
	left, err := filepath.Glob(filepath.Join(p.folder, unfinished+"*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > 2*makeTime {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("folder for packs: %w", err)
			}
		}
	}
	return nil
}

// A ready pack is open. Its bytes stay, even if it is no longer kept.
type ready struct {
	*os.File
	signature []byte
}

// tag differs between packs whose bytes differ.
func (r *ready) tag() string {
	sum := sha256.Sum256(r.signature)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// get returns the pack with a header, made if need be. The caller closes it.
func (p *packs) get(ctx context.Context, h pack.Header) (*ready, error) {
	text, err := json.Marshal(&h)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	path := filepath.Join(p.folder, hex.EncodeToString(sum[:16])+packSuffix)
	for range 3 { // it may be deleted before it is opened
		r, err := open(path)
		if !errors.Is(err, fs.ErrNotExist) {
			return r, err
		}
		// Who asked may leave; who asks again then finds the pack.
		made := p.making.DoChan(path, func() (any, error) { return nil, p.make(context.WithoutCancel(ctx), path, h) })
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case m := <-made:
			if m.Err != nil {
				return nil, m.Err
			}
		}
	}
	return open(path)
}

func open(path string) (*ready, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	signature, err := os.ReadFile(path + signatureSuffix)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now) // what was asked for last is kept longest
	return &ready{file, signature}, nil
}

// make makes a pack, which appears with its signature or not at all.
func (p *packs) make(ctx context.Context, path string, h pack.Header) (err error) {
	if p.queued.Add(1) > maxQueued {
		p.queued.Add(-1)
		return errBusy
	}
	defer p.queued.Add(-1)
	ctx, cancel := context.WithTimeout(ctx, makeTime)
	defer cancel()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	file, err := os.CreateTemp(p.folder, unfinished)
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := pack.Export(ctx, file, p.source, h); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	signature, err := pack.Sign(file, p.key, h.Comment())
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+signatureSuffix, signature, 0o644); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	p.made.Add(1)
	return p.evict(path)
}

// evict deletes the packs that were asked for least lately, until the others fit into
// the limit. The one just made is spared.
func (p *packs) evict(spared string) error {
	type kept struct {
		path string
		size int64
		used time.Time
	}
	entries, err := os.ReadDir(p.folder)
	if err != nil {
		return err
	}
	var all []kept
	total := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasSuffix(e.Name(), packSuffix) {
			continue
		}
		total += info.Size()
		all = append(all, kept{filepath.Join(p.folder, e.Name()), info.Size(), info.ModTime()})
	}
	slices.SortFunc(all, func(a, b kept) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.path, b.path)) })
	for _, k := range all {
		if total <= p.limit {
			break
		}
		if k.path == spared {
			continue
		}
		if err := errors.Join(os.Remove(k.path), os.Remove(k.path+signatureSuffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		total -= k.size
	}
	return nil
}
