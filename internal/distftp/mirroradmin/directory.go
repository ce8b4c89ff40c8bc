package mirroradmin

import (
	"fmt"
	"strconv"
	"strings"

	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/ui"
)

// auto is what stands in place of a MirrorID for whoever the tracker knows.
const auto = "AUTO"

// A directory is one with who may send its files, as it is shown.
type directory struct {
	Dir        mirror.Path `json:"dir"`
	ID         int         `json:"id"` // 0: none, or AUTO
	Auto       bool        `json:"auto"`
	URL        string      `json:"url,omitempty"`
	By         mirror.Path `json:"by,omitempty"` // the directory above that it has it from
	Configured bool        `json:"configured"`
	Status     string      `json:"status,omitempty"` // what the tracker knows
}

// bound describes what a binding means for a directory at or below that of it; nil: there
// is none.
func bound(dir mirror.Path, b *mirrors.Binding) directory {
	d := directory{Dir: dir}
	if b == nil {
		return d
	}
	d.Auto, d.URL, d.Configured = b.Auto(), b.URL, b.Configured
	if b.Entry != nil {
		d.ID = b.Entry.ID
	}
	if b.Dir != dir {
		d.By = b.Dir
	}
	return d
}

// mirror writes the MirrorID.
func (d *directory) mirror() string {
	if d.Auto {
		return auto
	}
	return strconv.Itoa(d.ID)
}

// String writes all of it.
func (d *directory) String() string {
	text := fmt.Sprintf("%s: MirrorID = %s", d.Dir, d.mirror())
	if d.URL != "" {
		text += " " + d.URL
	}
	switch {
	case d.By != "":
		text += ", as of " + string(d.By)
	case d.Configured:
		text += ", by the configuration"
	}
	return text
}

type dirMirror struct {
	Words []string `arg:"" name:"MirrorID directory" help:"The number of a mirror entry, 0 for none, or AUTO; and a directory, as clients see it. Without the number it is shown. After AUTO and the directory, the URL of the tracked directory that it is."`
}

func (dirMirror) Help() string {
	return "Downloads from the directory and what is below it are handed to the sites of the mirror entry, which must have them at the same path. " +
		"With AUTO they are handed to replicas that the tracker knows, of a tracked URL, or found by the content of our own directory.\n\n" + examples(
		"ftpd mirror dirmirror 1 /stuff/games",
		"ftpd mirror dirmirror /stuff/games",
		"ftpd mirror dirmirror 0 /stuff/games",
		"ftpd mirror dirmirror AUTO /pub",
		"ftpd mirror dirmirror AUTO /pub/debian ftp://ftp.de.debian.org/debian/")
}

// Run binds the directory, or shows whether it is bound.
func (c *dirMirror) Run(a *App) error {
	id, words, url := "", c.Words, ""
	if len(words) > 1 {
		id, words = words[0], words[1:]
	}
	if strings.EqualFold(id, auto) && len(words) == 2 {
		words, url = words[:1], words[1]
	}
	if len(words) != 1 {
		return ui.Misuse("%d words: want a MirrorID and a directory, in quotes where it has blanks", len(c.Words))
	}
	p, err := a.path(words[0])
	if err != nil {
		return err
	}
	bind, err := binding(id, url)
	if err != nil {
		return err
	}
	return a.with(func(s *mirrors.Store) error {
		if err := bind(a, s, p); err != nil {
			return err
		}
		b, _ := s.View().Binding(p)
		d := bound(p, b)
		return a.done(d, d.String())
	})
}

// A deed is what is to be done to a directory.
type deed func(*App, *mirrors.Store, mirror.Path) error

// there does it where the directory is there: another is misspelt. That nothing below an alias
// can be bound is said elsewhere.
func (do deed) there(a *App, s *mirrors.Store, p mirror.Path) error {
	if _, _, linked := s.View().Alias(p); !linked && a.Directory != nil {
		if err := a.Directory(a, p); err != nil {
			return fmt.Errorf("%s cannot be mirrored: %w", p, err)
		}
	}
	return do(a, s, p)
}

// binding returns what is to be done to a directory.
func binding(id, url string) (deed, error) {
	if strings.EqualFold(id, auto) {
		return deed(func(a *App, s *mirrors.Store, p mirror.Path) error { return s.BindAuto(a, p, url) }).there, nil
	}
	if id == "" {
		return func(*App, *mirrors.Store, mirror.Path) error { return nil }, nil
	}
	n, err := strconv.Atoi(id)
	switch {
	case err != nil || n < 0 || n > mirrors.MaxID:
		return nil, ui.Misuse("MirrorID %q: want a number, 0 for none, or AUTO", id)
	case n == 0:
		return func(a *App, s *mirrors.Store, p mirror.Path) error { return s.Unbind(a, p) }, nil
	}
	return deed(func(a *App, s *mirrors.Store, p mirror.Path) error { return s.Bind(a, p, n) }).there, nil
}
