package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"aead.dev/minisign"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/receive"
	"mirrortracker/internal/peer/trust"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type packCommand struct {
	Export packExport `cmd:"" help:"Write a snapshot to a file, and a signature beside it."`
	Import packImport `cmd:"" help:"Take over the snapshot of a file from another tracker."`
	Verify packVerify `cmd:"" help:"Read a file and its signature, and say whether all adds up."`
	Show   packShow   `cmd:"" help:"Print what a file says of itself."`
}

// signatureSuffix is what the name of a signature ends in, as that of minisign does.
const signatureSuffix = ".minisig"

// readSignature returns the signature beside a file.
func readSignature(path string) ([]byte, error) {
	text, err := os.ReadFile(path + signatureSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ui.Hint(fmt.Errorf("%s has no signature", path), path+signatureSuffix+" must come with it")
	}
	if err == nil && len(text) > pack.MaxSignature {
		err = fmt.Errorf("%s has more than %d bytes", path+signatureSuffix, pack.MaxSignature)
	}
	return text, err
}

// publicKey reads a public key, or the file in which one is.
func publicKey(arg string) (key minisign.PublicKey, err error) {
	if key, err = peer.ParseKey(arg); err == nil {
		return key, nil
	}
	text, fileErr := os.ReadFile(arg)
	if fileErr != nil {
		return key, ui.Misuse("--key %q: %w, and it is no file that can be read", arg, err)
	}
	if key.UnmarshalText(text) != nil {
		return key, ui.Misuse("--key %s: %w", arg, err)
	}
	return key, nil
}

// signer returns who is believed about a pack: whoever has the key that is given, about
// all sites; without one, the peer that has signed it, about those for which it is
// trusted, or this tracker itself.
func (s *session) signer(arg string, signature []byte) (receive.From, error) {
	all, err := trust.ParseAll([]string{"*"})
	if err != nil {
		return receive.From{}, err
	}
	if arg != "" {
		key, err := publicKey(arg)
		return receive.From{Key: key, Trust: all}, err
	}
	var made minisign.Signature
	if err := made.UnmarshalText(signature); err != nil {
		return receive.From{}, fmt.Errorf("%w: %w", pack.ErrForged, err)
	}
	own, err := peer.LoadKey(s.Config.Exchange.Key)
	switch {
	case err == nil && own.ID() == made.KeyID:
		return receive.From{Key: peer.Public(own), Trust: all}, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return receive.From{}, err
	}
	peers, err := s.Store.Peers(s)
	if err != nil {
		return receive.From{}, err
	}
	for _, p := range peers {
		key, err := peer.ParseKey(p.Key)
		if err != nil || key.ID() != made.KeyID {
			continue
		}
		sites, err := trust.ParseAll(p.Trust)
		return receive.From{URL: p.URL, Key: key, Trust: sites}, err
	}
	return receive.From{}, ui.Hint(fmt.Errorf("it is signed with the key %X, which is no peer's", made.KeyID), "--key KEY says whose it is")
}

// A counted source counts the trees that are read.
type counted struct {
	pack.Source
	trees atomic.Int64
}

// Trees implements [pack.Source].
func (c *counted) Trees(ctx context.Context, ids []digest.ID, parts store.Parts, fn func(*digest.Tree) error) error {
	return c.Source.Trees(ctx, ids, parts, func(t *digest.Tree) error {
		if parts&store.Leaves != 0 {
			c.trees.Add(1)
		}
		return fn(t)
	})
}

// headerFacts is what a pack says of itself.
func headerFacts(h *pack.Header) [][2]any {
	facts := [][2]any{
		{"site", h.Site.URL},
		{"name", h.Site.Name},
	}
	for _, u := range h.Site.Serving {
		facts = append(facts, [2]any{"also served at", u})
	}
	kind := "full"
	if !h.Full() {
		kind = "delta"
	}
	facts = append(facts, [][2]any{
		{"crawled by", ui.Printable(h.Origin)},
		{"packed by", ui.Printable(h.Tracker)},
		{"started", h.Started.UTC().Format(time.RFC3339)},
		{"finished", h.Finished.UTC().Format(time.RFC3339)},
		{"directories", ui.Number(h.Dirs)},
		{"files", ui.Number(h.Files)},
		{"bytes", ui.Volume(h.Bytes)},
		{"incomplete", ui.Number(h.Incomplete)},
		{"root", h.Root},
		{"blind", h.Blind},
		{"exact", h.Exact},
		{"kind", kind},
	}...)
	for _, base := range h.Bases {
		facts = append(facts, [2]any{"needs", base})
	}
	return facts
}
