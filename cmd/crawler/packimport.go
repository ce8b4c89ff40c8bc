package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/human"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer/receive"
	"mirrortracker/internal/peer/trust"
	"mirrortracker/internal/program"
	"mirrortracker/internal/ui"
)

type packImport struct {
	File  string   `arg:"" help:"The file; FILE.minisig is its signature."`
	Key   string   `help:"Public key by which it must be signed, or a file with it. Default: that of a peer." placeholder:"KEY"`
	Trust []string `help:"Believe it only about these sites, such as \"*.de\", ftp.example.org or ftp://ftp.example.org/pub/. May be repeated. Default: what the peer is trusted for; with --key, any." sep:"none" placeholder:"SITES"`
}

func (packImport) Help() string {
	return `The site becomes known, and the snapshot is the one in force from then on. It is refused as a whole, and nothing changes, if the signature does not fit, if anything in it does not add up, if the site is crawled here, or if a newer snapshot is known.

` + program.Examples("crawler pack import gnu.pack", "crawler pack import gnu.pack --key gnu.pub --trust '*.gnu.org'")
}

type importedJSON struct {
	Site     string    `json:"site"`
	Learnt   bool      `json:"learnt"` // whether it is known from others alone
	Snapshot int64     `json:"snapshot"`
	Root     digest.ID `json:"root"`
	Origin   string    `json:"origin"`
	Via      string    `json:"via"`
	Finished time.Time `json:"finished"`
	Trees    int64     `json:"trees"`
	NewTrees int64     `json:"new_trees"`
	digest.Totals
}

// Run takes over the snapshot.
func (c *packImport) Run(a *program.App) error {
	sites, err := trust.ParseAll(c.Trust)
	if err != nil {
		return ui.Misuse("--trust: %w", err)
	}
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	signature, err := readSignature(c.File)
	if err != nil {
		return err
	}
	from, err := s.signer(c.Key, signature)
	if err != nil {
		return err
	}
	if len(sites) > 0 {
		from.Trust = sites
	}
	got, err := s.receive(c.File, signature, from)
	if err != nil {
		return explainReceive(fmt.Errorf("%s: %w", c.File, err))
	}
	if a.Flags.JSON {
		p := got.Snapshot
		return a.JSON(importedJSON{got.Site.Name, got.Site.Learnt, p.Seq, p.Root, p.Origin, p.Via, p.Finished, got.Trees, got.NewTrees, p.Totals})
	}
	_, err = fmt.Fprintf(a.Stdout, "%s has snapshot %d, crawled by %s: %s, %s; %s new\n", got.Site.Name, got.Snapshot.Seq, ui.Printable(got.Snapshot.Origin),
		human.Plural(got.Snapshot.Dirs, "directory", "directories"), human.Plural(got.Snapshot.Files, "file", "files"),
		human.Plural(got.NewTrees, "tree", "trees"))
	return err
}

// receive takes over a pack, and shows how far it is.
func (s *session) receive(file string, signature []byte, from receive.From) (receive.Received, error) {
	// Nearly all that is read is garbage soon after; it is cleared away early, as time is
	// spent on the database anyway.
	defer debug.SetGCPercent(debug.SetGCPercent(40))
	var trees atomic.Int64
	progress := s.Progress(s.Log, logInterval)
	progress.Doing = "importing"
	line := progress.Line(s, file)
	line.Watch(func() ui.Far { return ui.Far{Dirs: trees.Load()} })
	receiver := s.receiver()
	receiver.Watch = trees.Store
	got, err := receiver.Receive(s, file, signature, from)
	line.End("", outcomeOf(err, "imported"))
	progress.End()
	return got, err
}

// explainReceive is an error with what could be done about it.
func explainReceive(err error) error {
	if errors.Is(err, pack.ErrLacking) {
		return ui.Hint(err, "it builds upon a snapshot that is not here: ask for a pack that was exported without --base, or with another one")
	}
	return err
}
