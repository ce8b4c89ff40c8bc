package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/google/renameio/v2"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/pack"
	"mirrortracker/internal/peer"
	"mirrortracker/internal/peer/catalogue"
	"mirrortracker/internal/peer/trust"
	"mirrortracker/internal/program"
	"mirrortracker/internal/store"
	"mirrortracker/internal/ui"
)

type packExport struct {
	Name string   `arg:"" name:"site" help:"The site's name, or its URL."`
	File string   `arg:"" help:"File to write; FILE.minisig is its signature."`
	Base []string `help:"Write only how the snapshot differs from this one, which the receiver must have: the number of an older snapshot of the site, or the root of one of any site. May be repeated." placeholder:"SNAPSHOT"`
}

func (packExport) Help() string {
	return `The snapshot in force is written, signed with this tracker's key. "crawler peer key" prints the public key, by which others know it; the ordinary minisign verifies a file with it, too.

` + program.Examples("crawler pack export gnu gnu.pack", "crawler pack export gnu gnu.pack --base 41", "minisign -V -P \"$(crawler peer key)\" -m gnu.pack")
}

// Run writes the pack and its signature.
func (c *packExport) Run(a *program.App) error {
	s, err := open(a)
	if err != nil {
		return err
	}
	defer s.Close()
	key, err := peer.MakeKey(s.Config.Exchange.Key)
	if err != nil {
		return err
	}
	header, err := s.header(c.Name, c.Base)
	if err != nil {
		return err
	}
	file, err := renameio.NewPendingFile(c.File, renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer file.Cleanup()
	trees, err := s.export(file, header)
	if err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	signature, err := pack.Sign(file, key, header.Comment())
	if err != nil {
		return err
	}
	// The signature of a file that is not there yet does no harm.
	if err := errors.Join(renameio.WriteFile(c.File+signatureSuffix, signature, 0o644), file.CloseAtomicallyReplace()); err != nil {
		return err
	}
	if a.Flags.JSON {
		return a.JSON(map[string]any{"file": c.File, "trees": trees, "size": size, "key": peer.Public(key).String(), "header": header})
	}
	_, err = fmt.Fprintf(a.Stdout, "wrote %s: %s of %s in %s; its signature is in %s\n", c.File,
		human.Plural(trees, "directory", "directories"), c.Name, human.Bytes(size), c.File+signatureSuffix)
	return err
}

// header describes the snapshot in force of a site, and upon which others the pack
// builds.
func (s *session) header(name string, bases []string) (h pack.Header, err error) {
	site, err := s.site(name)
	if err != nil {
		return h, err
	}
	tracker, err := s.Config.Exchange.Called()
	if err != nil {
		return h, err
	}
	history, err := s.Store.History(s, site.ID(), maxSnapshots)
	if err != nil {
		return h, err
	}
	if len(history) == 0 {
		return h, noSnapshot(site)
	}
	all, err := trust.ParseAll([]string{"*"})
	if err != nil {
		return h, err
	}
	offered := catalogue.Catalogue{Source: s.Store, Name: tracker, Share: all}
	state, err := offered.State(s)
	if err != nil {
		return h, err
	}
	order := catalogue.Order{Site: site.ID(), Root: history[0].Root}
	for _, text := range bases {
		root, err := baseOf(site, history, text)
		if err != nil {
			return h, err
		}
		order.Have = append(order.Have, root)
	}
	h, err = offered.Header(s, state, order)
	if errors.Is(err, catalogue.ErrNotOffered) {
		return h, fmt.Errorf("site %s is crawled in the name of a user, and what it holds may not be for everybody", site.Name)
	}
	for _, root := range order.Have {
		if err == nil && !slices.Contains(h.Bases, root) {
			err = fmt.Errorf("--base %s: no snapshot of site %s has this root, and no other site's that is in force", root, site.Name)
		}
	}
	return h, err
}

// baseOf returns the root that is meant by the number of a snapshot, or by itself.
func baseOf(site mirror.Site, history []store.Snapshot, text string) (digest.ID, error) {
	if root, err := digest.ParseID(text); err == nil {
		return root, nil
	}
	seq, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return digest.ID{}, ui.Misuse("--base %q is neither the number of a snapshot nor the root of one, which has 64 hex digits", text)
	}
	for _, snap := range history {
		if snap.Seq == seq {
			return snap.Root, nil
		}
	}
	return digest.ID{}, ui.Hint(fmt.Errorf("site %s has no snapshot %d, or none any more", site.Name, seq), "crawler history "+site.Name)
}

// export writes a pack, and shows how far it is.
func (s *session) export(w io.Writer, h pack.Header) (trees int64, err error) {
	source := &counted{Source: s.Store}
	progress := s.Progress(s.Log, logInterval)
	progress.Doing = "exporting"
	line := progress.Line(s, h.Site.Name)
	line.Watch(func() ui.Far { return ui.Far{Dirs: source.trees.Load()} })
	trees, err = pack.Export(s, w, source, h)
	line.End("", outcomeOf(err, "written"))
	progress.End()
	return trees, err
}

// outcomeOf says in a word how something ended.
func outcomeOf(err error, well string) string {
	if err != nil {
		return store.OutcomeFailed
	}
	return well
}
