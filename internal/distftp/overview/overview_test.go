package overview

import (
	"context"
	"io/fs"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

// A world is a catalogue with one file, and links to some slaves.
type world struct {
	slaves []catalogue.Slave
	linked map[catalogue.SlaveID]wire.State
	file   catalogue.File
}

func (w *world) Slaves(context.Context) ([]catalogue.Slave, error) { return w.slaves, nil }
func (w *world) Rules(context.Context) ([]choice.Rule, error)      { return nil, nil }

func (w *world) File(_ context.Context, p mirror.Path) (catalogue.File, error) {
	if p != mirror.Path(w.file.Ref.Path) {
		return catalogue.File{}, fs.ErrNotExist
	}
	return w.file, nil
}

func (w *world) Link(id catalogue.SlaveID) (wire.Slave, wire.State, bool) {
	s, ok := w.linked[id]
	return nil, s, ok
}

func overviewOf(t *testing.T) (Overview, *world) {
	t.Helper()
	state := wire.State{
		Free: 3 << 30, Total: 4 << 30, Files: 7, Bytes: 1 << 30, Sending: 1, Out: 5 << 20, Applied: 9, Rack: "r1",
		Data: []netip.Addr{netip.MustParseAddr("192.0.2.10")},
	}
	w := &world{
		slaves: []catalogue.Slave{
			{ID: 1, Name: "alpha", Last: 9, Applied: 9, Seen: time.Now()},
			{ID: 2, Name: "beta", Last: 12, Applied: 9, Drain: true, Seen: time.Now().Add(-3 * time.Hour), Report: state},
			{ID: 3, Name: "gamma"},
		},
		linked: map[catalogue.SlaveID]wire.State{1: state},
		file: catalogue.File{
			Ref: wire.Ref{Path: "/pub/x", Version: 5, Size: 1 << 20}, Summed: true, Sums: wire.Sums{CRC32: 0xabc},
			Holders: []catalogue.Holder{{Slave: 1}, {Slave: 2}},
		},
	}
	c := choice.New(nil)
	c.SetRules(choice.NewRules([]choice.Rule{{Path: "/pub", Copies: 2}}))
	c.Report("alpha", state)
	return Overview{Catalogue: w, Links: w, Chooser: c}, w
}

// want compares lines with what each should hold, in order.
func want(t *testing.T, got []string, err error, parts ...string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(got, "\n")
	rest := text
	for _, part := range parts {
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Fatalf("%q is missing, or not where it should be, in\n%s", part, text)
		}
		rest = after
	}
}

func TestSlaves(t *testing.T) {
	o, w := overviewOf(t)
	got, err := o.Slaves(t.Context())
	want(t, got, err, "slave  state", "alpha  online ", "r1", "3.00 GiB of 4.00 GiB", "1 out 5.00 MiB/s",
		"beta   away for 3h00m, draining, changes pending", "gamma  never joined")
	if len(got) != 4 {
		t.Errorf("%d lines", len(got))
	}
	// Without links, what was reported lately counts.
	all, err := List(t.Context(), w, nil)
	if err != nil || all[0].State != Online || all[1].State != Away {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestSelect(t *testing.T) {
	o, _ := overviewOf(t)
	client := netip.MustParseAddr("192.0.2.99")
	got, err := o.Select(t.Context(), "/pub/x", client)
	want(t, got, err, "download of /pub/x for 192.0.2.99", "* alpha: 15.0 points", "  beta: out: away")
	got, err = o.Select(t.Context(), "/pub/new", client)
	want(t, got, err, "upload of /pub/new", "* alpha: ", "  beta: out: away", "  gamma: out: away")
}

func TestExplain(t *testing.T) {
	o, w := overviewOf(t)
	got, err := o.Explain(t.Context(), "/pub/x", netip.MustParseAddr("192.0.2.99"))
	want(t, got, err, "/pub/x: 1.00 MiB, version 5, CRC32 00000ABC", "rule of /pub: 2 copies", "copies: 2", "  alpha: online", "  beta: away",
		"PORT, EPRT: alpha connects", "227 names alpha at 192.0.2.10", "PROT P: the master relays")
	got, err = o.Explain(t.Context(), "/pub/x", netip.MustParseAddr("2001:db8::1"))
	want(t, got, err, "all ways: alpha has no address of the client's family")
	w.linked = nil
	got, err = o.Explain(t.Context(), "/pub/x", netip.MustParseAddr("192.0.2.99"))
	want(t, got, err, "450")
	if _, err := o.Explain(t.Context(), "/pub/none", netip.Addr{}); err == nil {
		t.Error("a missing file is explained")
	}
}
