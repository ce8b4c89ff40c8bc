package remote

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"mirrortracker/internal/distftp/auto"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/distftp/mirrors"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// Config says what an overlay lies over, and what it lays over it. All fields but Auto and
// Log must be set.
type Config struct {
	Files   control.FS      // what is beneath; a [control.Writer] too if it can be changed
	Planner control.Planner // where its bytes come from; perhaps a [control.Storer], [control.Host] and [control.Summer] too

	View   func() *mirrors.View                                   // aliases, entries and bindings as they are now; asked for each command
	Server func(s foreign.Server, known foreign.Abilities) Server // whoever asks for the same gets the same
	Auto   Finder                                                 // of replicas that the tracker knows; nil: there are none
	Log    *slog.Logger                                           // nil: nothing is said
}

// A Finder finds the members of directories that are bound to whatever the tracker knows: an
// [auto.Finder].
type Finder interface {
	Members(q auto.Question) ([]auto.Member, error)
	Explain(q auto.Question) (members, leftOut []auto.Member, err error)
}

// A Server is a foreign server with which transfers can be made: [Pooled].
type Server interface {
	// Stat describes what a path leads to; the time is known to the second, or zero.
	Stat(ctx context.Context, path mirror.Path) (vfs.Entry, error)
	// List reads a directory.
	List(ctx context.Context, path mirror.Path) ([]vfs.Entry, error)
	// Free returns how many bytes can still be stored in a directory; an
	// [errors.ErrUnsupported] says that the server does not tell.
	Free(ctx context.Context, path mirror.Path) (int64, error)

	MakeDir(ctx context.Context, path mirror.Path) error
	RemoveDir(ctx context.Context, path mirror.Path) error
	Delete(ctx context.Context, path mirror.Path) error
	Rename(ctx context.Context, from, to mirror.Path) error
	SetModTime(ctx context.Context, path mirror.Path, modified time.Time) error
	Chmod(ctx context.Context, path mirror.Path, mode fs.FileMode) error

	// Usable reports whether the server may be asked for something now, Health how it has
	// been lately, Abilities what is known of what it allows.
	Usable() bool
	Health() foreign.Health
	Abilities() foreign.Abilities

	// Download and Upload are the holder's side of one transfer. Expect has the server
	// listen for the client; Met reports whether a rendezvous is at this server.
	Download(t foreign.Transfer) data.Remote
	Upload(t foreign.Transfer) data.Remote
	Expect(ctx context.Context, name string, e data.Expectation, check foreign.Check) (data.Rendezvous, error)
	Met(at data.Rendezvous) bool
}

// Bounds of what is remembered of foreign servers.
const (
	keepNames   = 5 * time.Second // listings, sizes, times
	keepRefusal = time.Second
	keepWays    = time.Minute // where directories are, links followed
	mostNames   = 200_000     // entries of all listings
	mostWays    = 20_000

	asking = 15 * time.Second // one listing, or one change
)

// An Overlay is file system and planner of a server that has foreign ones. Make it with
// [New]. Its methods may be called concurrently.
type Overlay struct {
	Config
	listings *cache[where, map[string]vfs.Entry]
	looks    *cache[where, vfs.Entry]
	ways     *cache[where, mirror.Path]
	memory   memory
}

// Where is a path at a foreign server.
type where struct {
	server Server
	path   mirror.Path
}

var (
	_ control.Writer = (*Overlay)(nil)
	_ control.Storer = (*Overlay)(nil)
	_ control.Host   = (*Overlay)(nil)
	_ control.Summer = (*Overlay)(nil)
)

// New makes an overlay.
func New(c Config) *Overlay {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	one := func(vfs.Entry) int { return 1 }
	return &Overlay{
		Config:   c,
		listings: newCache[where](keepNames, mostNames, func(all map[string]vfs.Entry) int { return len(all) }),
		looks:    newCache[where](keepNames, mostNames, one),
		ways:     newCache[where](keepWays, mostWays, func(mirror.Path) int { return 1 }),
	}
}

// Forget forgets what foreign servers have answered, so that they are asked again.
func (o *Overlay) Forget() {
	o.listings.clear()
	o.looks.clear()
	o.ways.clear()
}

// Sweep has what is beneath remove what killed uploads left there.
func (o *Overlay) Sweep(ctx context.Context) (removed int, err error) {
	if beneath, ok := o.Files.(interface {
		Sweep(ctx context.Context) (int, error)
	}); ok {
		return beneath.Sweep(ctx)
	}
	return 0, nil
}

// A link is a path below an alias, or the alias itself.
type link struct {
	*Overlay
	alias *mirrors.Alias
	where
}

// link returns where a path is if that is at a foreign server, otherwise nil.
func (o *Overlay) link(p mirror.Path) (*link, error) {
	alias, rest, ok := o.View().Alias(p)
	if !ok {
		return nil, nil
	}
	server, err := o.serverOf(alias)
	if err != nil {
		return nil, unavailable(err)
	}
	return &link{o, alias, where{server, alias.Linked(rest)}}, nil
}

// serverOf returns the one that an alias names.
func (o *Overlay) serverOf(a *mirrors.Alias) (Server, error) {
	s, err := a.Server()
	if err != nil {
		return nil, err
	}
	return o.Server(s, a.Abilities), nil
}
