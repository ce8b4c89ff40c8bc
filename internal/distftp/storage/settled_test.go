package storage

import (
	"context"
	"errors"
	"testing"
	"time"

	"mirrortracker/internal/distftp/wire"
)

// interrupt has intents done on the disks, and the slave killed before the index has them.
func (b *bed) interrupt(intents ...wire.Intent) {
	b.Helper()
	b.applying.Lock()
	defer b.applying.Unlock()
	if err := b.unsettle(intents[len(intents)-1].Seq); err != nil {
		b.Fatal(err)
	}
	change, err := b.begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, in := range intents {
		if err := change.apply(in); err != nil {
			b.Fatal(err)
		}
	}
	change.rollback()
	if err := errors.Join(b.index.close(), b.closeFolders()); err != nil {
		b.Fatal(err)
	}
}

// What a killed slave was in the midst of is no damage, and has not come from elsewhere: it is
// done again before the disks are looked at.
func TestKilledInTheMidst(t *testing.T) {
	b := newBed(t, 1)
	moved := b.upload("/dir/file", "moved")
	p := b.prepare("published")
	intents := []wire.Intent{
		b.intend(wire.Intent{Deed: wire.Rename, Path: "/dir", To: "/other"}),
		b.intend(b.publication("/new", p)),
	}
	b.interrupt(intents...)
	b.init()
	b.open()
	b.refuses(moved, wire.Absent) // and is suspected
	if _, err := b.Scan(t.Context(), "/"); !errors.Is(err, ErrUnsettled) {
		t.Errorf("a scan: %v, want %v", err, ErrUnsettled)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.checkOne(short, moved.Path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a suspect is looked at: %v", err)
	}
	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Storage.Run(running) }()
	b.last = intents[0].Prev
	if applied, err := b.Apply(t.Context(), intents); applied != intents[1].Seq || err != nil {
		t.Fatalf("applied %d, %v", applied, err)
	}
	b.Settled()
	moved.Path = "/other/file"
	if got := b.read(moved); got != "moved" {
		t.Errorf("it holds %q", got)
	}
	if err := b.checkOne(t.Context(), moved.Path); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	b.scan(Scanned{Files: 2})
	if found, _, err := b.Damaged(t.Context(), 0); len(found) > 0 || err != nil {
		t.Errorf("damaged are %v, %v", found, err)
	}
	b.reopen() // after a clean stop nothing has to be done again
	b.scan(Scanned{Files: 2})
}
