package distftp_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
)

// lots is a planner that writes down by which lots it was asked.
type lots struct {
	data.Disk
	mu  sync.Mutex
	all []string
}

func (l *lots) note(what string, lot uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, fmt.Sprint(what, lot))
}

// Retrieve implements [control.Planner].
func (l *lots) Retrieve(ctx context.Context, r data.Request) (data.Plan, error) {
	l.note("retrieve ", r.Lot)
	return l.Disk.Retrieve(ctx, r)
}

// Store implements [control.Storer].
func (l *lots) Store(_ context.Context, r data.Request) (data.Plan, error) {
	l.note("store ", r.Lot)
	return data.Plan{}, &vfs.MirroredError{Site: "/mirror"}
}

// Expect implements [control.Host].
func (l *lots) Expect(_ context.Context, e data.Expectation) (data.Rendezvous, error) {
	l.note("expect ", e.Lot)
	return nil, data.ErrNotDirect
}

// What is drawn when the client is told where to come holds for its transfer, and for no
// other.
func TestLots(t *testing.T) {
	folder := openFolder(t, plant(t, t.TempDir(), map[string]string{"a": "content of a"}))
	l, n := &lots{Disk: data.Disk{Files: folder}}, uint64(0)
	c := binary(t, serve(t, distftp.Config{
		FS: folder, Planner: l, Access: control.ReadWrite,
		Lots: func() uint64 { n++; return n },
	}))
	c.do("SIZE a", "213")
	c.get(c.come(c.pasv()), "RETR a", "226")
	c.get(c.come(c.pasv()), "RETR a", "226") // nothing was expected
	c.do("SIZE a", "213")
	c.pasv()
	c.do("SIZE a", "213")
	at := c.pasv()
	c.do("STOR b", "553 Nothing is stored in a mirrored directory but by the local site, and /mirror was drawn")
	c.get(c.come(at), "RETR a", "226")
	want := []string{"expect 1", "retrieve 1", "retrieve 2", "expect 3", "expect 4", "store 4", "retrieve 5"}
	if !slices.Equal(l.all, want) {
		t.Errorf("lots %v, want %v", l.all, want)
	}
}
