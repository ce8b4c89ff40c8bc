package overview

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/human"
	"mirrortracker/internal/mirror"
)

// A Catalogue is what is asked of the database: a [catalogue.Catalogue].
type Catalogue interface {
	Slaves(ctx context.Context) ([]catalogue.Slave, error)
	Rules(ctx context.Context) ([]choice.Rule, error)
	File(ctx context.Context, p mirror.Path) (catalogue.File, error)
}

// Links are those of a master.
type Links interface {
	// Link returns a slave and its last report; false if it has not joined.
	Link(slave catalogue.SlaveID) (wire.Slave, wire.State, bool)
}

// An Overview answers questions. Links and Chooser are those of the master that is
// asked.
type Overview struct {
	Catalogue Catalogue
	Links     Links
	Chooser   *choice.Chooser
}

var _ control.Overseer = Overview{}

// List returns how all slaves are, by name. Without links, what they last reported to any
// master says so.
func List(ctx context.Context, c Catalogue, links Links) ([]Slave, error) {
	rows, err := c.Slaves(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b catalogue.Slave) int { return strings.Compare(a.Name, b.Name) })
	all := make([]Slave, len(rows))
	for i := range rows {
		all[i] = describe(&rows[i], live(links, rows[i].ID), links != nil, time.Now())
	}
	return all, nil
}

// live returns what a slave says of itself now, nil if it has not joined.
func live(links Links, slave catalogue.SlaveID) *wire.State {
	if links == nil {
		return nil
	}
	if _, state, online := links.Link(slave); online {
		return &state
	}
	return nil
}

// Headings are those of a table of slaves.
var Headings = []string{"slave", "state", "rack", "files", "bytes", "free", "load"}

// Row is a slave's in a table.
func (s *Slave) Row(now time.Time) []any {
	return []any{s.Name, s.Words(now), s.Rack, s.Files, human.Bytes(s.Bytes), s.Space(), s.Load()}
}

// Slaves implements [control.Overseer].
func (o Overview) Slaves(ctx context.Context) ([]string, error) {
	all, err := List(ctx, o.Catalogue, o.Links)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	return table(func(add func(cells ...any)) {
		headings := make([]any, len(Headings))
		for i, h := range Headings {
			headings[i] = h
		}
		add(headings...)
		for i := range all {
			add(all[i].Row(now)...)
		}
	}), nil
}

// table aligns columns.
func table(fill func(add func(cells ...any))) []string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.StripEscape)
	fill(func(cells ...any) {
		text := make([]string, len(cells))
		for i, c := range cells {
			text[i] = fmt.Sprint(c)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(text, "\t"), "\t"))
	})
	w.Flush() // into memory
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// Select implements [control.Overseer].
func (o Overview) Select(ctx context.Context, p mirror.Path, client netip.Addr) ([]string, error) {
	slaves, err := o.Catalogue.Slaves(ctx)
	if err != nil {
		return nil, err
	}
	r := choice.Request{Path: p, Client: client}
	switch f, err := o.Catalogue.File(ctx, p); {
	case err == nil:
		r.Purpose, r.Candidates = choice.Download, o.givers(slaves, &f)
	case errors.Is(err, fs.ErrNotExist):
		r.Purpose, r.Candidates = choice.Upload, o.takers(slaves)
	default:
		return nil, err
	}
	return o.sums(r), nil
}

// sums explains a choice.
func (o Overview) sums(r choice.Request) []string {
	lines := []string{fmt.Sprintf("%s of %s for %s; the fewest points win, those within %.0f are drawn among", r.Purpose, r.Path, r.Client, choice.Near)}
	if len(r.Candidates) == 0 {
		return append(lines, "no slave comes into question")
	}
	for _, s := range o.Chooser.Explain(r) {
		mark := "  "
		if s.Equal {
			mark = "* "
		}
		lines = append(lines, mark+s.Slave+": "+s.String())
	}
	return lines
}

// takers are the slaves that an upload could go to.
func (o Overview) takers(slaves []catalogue.Slave) []choice.Candidate {
	var all []choice.Candidate
	for i := range slaves {
		c := choice.Candidate{Name: slaves[i].Name}
		switch {
		case live(o.Links, slaves[i].ID) == nil:
			c.Out = Away
		case slaves[i].Drain:
			c.Out = "draining"
		}
		all = append(all, c)
	}
	return all
}

// givers are the slaves that have a file.
func (o Overview) givers(slaves []catalogue.Slave, f *catalogue.File) []choice.Candidate {
	var all []choice.Candidate
	for i := range slaves {
		if !holds(f, slaves[i].ID) {
			continue
		}
		c := choice.Candidate{Name: slaves[i].Name}
		if live(o.Links, slaves[i].ID) == nil {
			c.Out = Away
		}
		all = append(all, c)
	}
	return all
}

func holds(f *catalogue.File, slave catalogue.SlaveID) bool {
	return slices.ContainsFunc(f.Holders, func(h catalogue.Holder) bool { return h.Slave == slave })
}

// Explain implements [control.Overseer].
func (o Overview) Explain(ctx context.Context, p mirror.Path, client netip.Addr) ([]string, error) {
	f, err := o.Catalogue.File(ctx, p)
	if err != nil {
		return nil, err
	}
	slaves, err := o.Catalogue.Slaves(ctx)
	if err != nil {
		return nil, err
	}
	rule := o.Chooser.Rules().For(mirror.Path(f.Ref.Path))
	lines := []string{
		fmt.Sprintf("%s: %s, version %d%s", f.Ref.Path, human.Bytes(f.Ref.Size), f.Ref.Version, sums(&f)),
		fmt.Sprintf("rule of %s: %s", rule.Path, rule),
		fmt.Sprintf("copies: %d", len(f.Holders)),
	}
	now := time.Now()
	for i := range slaves {
		if s := describe(&slaves[i], live(o.Links, slaves[i].ID), true, now); holds(&f, slaves[i].ID) {
			lines = append(lines, "  "+s.Name+": "+s.Words(now))
		}
	}
	r := choice.Request{Purpose: choice.Download, Path: p, Client: client, Candidates: o.givers(slaves, &f)}
	lines = append(lines, o.sums(r)...)
	for _, s := range o.Chooser.Explain(r) {
		if s.Out == "" {
			return append(lines, o.ways(slaves, s.Slave, client)...), nil
		}
	}
	return append(lines, "a download gets 450 until a slave that has it is back"), nil
}

// sums writes the checksums that are known.
func sums(f *catalogue.File) string {
	switch {
	case !f.Summed:
		return ", checksum not known"
	case f.Sums.SHA256 != nil:
		return fmt.Sprintf(", CRC32 %08X, SHA-256 %x", f.Sums.CRC32, f.Sums.SHA256)
	}
	return fmt.Sprintf(", CRC32 %08X", f.Sums.CRC32)
}

// ways says how a file would come from a slave to a client.
func (o Overview) ways(slaves []catalogue.Slave, name string, client netip.Addr) []string {
	i := slices.IndexFunc(slaves, func(s catalogue.Slave) bool { return s.Name == name })
	state := live(o.Links, slaves[i].ID)
	if state == nil {
		return nil // it has left this very moment
	}
	at := slices.IndexFunc(state.Data, func(a netip.Addr) bool { return a.Unmap().Is4() == client.Unmap().Is4() })
	if at < 0 {
		return []string{"all ways: " + name + " has no address of the client's family, so the master relays"}
	}
	where := state.Data[at]
	lines := []string{
		fmt.Sprintf("PORT, EPRT: %s connects to the client: direct", name),
		fmt.Sprintf("PASV after PRET or SIZE: 227 names %s at %s: direct if the client goes there, relayed if it comes to the master", name, where),
		"EPSV: the master relays; after CEPR 229 names the slave",
	}
	if slaves[i].Trusted {
		return append(lines, "PROT P: the same, as it is trusted with the certificate")
	}
	return append(lines, "PROT P: the master relays, as it is not trusted with the certificate")
}
