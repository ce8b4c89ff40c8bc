package abroad

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/textproto"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/testbed"
)

// Whatever a foreign server does wrong, in whichever way the client comes: the client has
// the default's file as long as it has nothing yet; else it is told, once, and asks again.
func TestFaults(t *testing.T) {
	for _, k := range []kind{alone, slaves} {
		t.Run(string(k), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, k)
			abroad := w.host(t, "88.1.1.1", "2a00:88::1")
			var trials errgroup.Group
			trials.SetLimit(8) // who wait most of the time
			for i, f := range faults {
				for j, way := range ways {
					if k == alone || (i+j)%sampled == 0 {
						trials.Go(func() error {
							t.Run(f.name+"/"+string(way), func(t *testing.T) { w.try(t, f, way, abroad, 10*i+j) })
							return nil
						})
					}
				}
			}
			trials.Wait()
		})
	}
}

// ways are those in which a client comes to have a file.
var ways = []testbed.Way{testbed.Active, testbed.Extended, testbed.Homing, testbed.Named}

// A trial is a client that is sent to a server which was well until now.
type trial struct {
	*testing.T
	fault
	client *testbed.FTPClient
	path   string
	size   int
	mend   func()
}

// try tries a fault.
func (w *world) try(t *testing.T, f fault, way testbed.Way, abroad *testbed.Host, number int) {
	dir, alias := fmt.Sprintf("/case-%d", number), fmt.Sprintf("/link-%d", number)
	r := &trial{T: t, fault: f, path: dir + "/file", size: 300_000}
	if way == testbed.Active {
		r.size = 9 << 20 // of less than that nobody makes a direct connection to a client that is not known
	}
	w.store(t, dir, "file", version(local, r.size))
	theirs := string(version(first, r.size))
	script := ftpscript.Mirror(map[string]ftpscript.File{r.path: {Content: theirs, Modified: modified}})
	var broken atomic.Bool
	if f.script != nil {
		for verb, ill := range f.script(theirs) {
			script[verb] = ftpscript.Once(&broken, script[verb], ill)
		}
	}
	s := ftpscript.StartAt(t, abroad.Do, netip.AddrPortFrom(abroad.IPv4, 0).String(), script)
	w.link(t, alias, s.Addr, "anonymous", "x")
	w.mirror(t, dir, alias)

	r.client = w.client(t, "anonymous", "x")
	r.client.Way = way
	r.mend = func() { broken.Store(false) }
	broken.Store(true)
	if f.refuses {
		s.Refuse()
	}
	w.do(t, 2, "SITE REMOTE DISCONNECT %s", alias) // what it was linked with
	r.run()
	if t.Failed() {
		t.Logf("the server was told %q", s.Commands())
	}
}

// run lets the client have what it can.
func (r *trial) run() {
	direct := r.client.Way == testbed.Active || r.client.Way == testbed.Named
	want := r.then
	if r.client.Way == testbed.Named && r.bound != 0 {
		want = r.bound
	}
	if r.unseen && direct {
		r.giveUp()
		return
	}
	got, err := r.fetch(0)
	switch want {
	case unharmed:
		r.want(got, err, part{first, r.size})
	case replaced:
		r.want(got, err, part{local, r.size})
	case refused:
		if code(err) != 425 || len(got) > 0 {
			r.Errorf("the transfer ends with %v after %d bytes, want 425", err, len(got))
		}
		got, err := r.fetch(0)
		r.want(got, err, part{local, r.size})
	case truncated:
		if err == nil && r.client.Way == testbed.Homing {
			// The server died before its first bytes were here, as it had sent them to somebody else.
			r.want(got, nil, part{local, r.size})
			break
		}
		if code(err) != 426 || len(got) == 0 {
			r.Fatalf("the transfer ends with %v after %d bytes, want 426", err, len(got))
		}
		r.mend()
		rest, err := r.fetch(len(got))
		if parts, wrong := parts(append(got, rest...)); err != nil || wrong != nil || len(got)+len(rest) != r.size {
			r.Errorf("after the resumption the client has %v, %v, %v", parts, err, wrong)
		}
	}
	if _, err := r.client.Do(200, "NOOP"); err != nil {
		r.Errorf("the session is out of step: %v", err)
	}
}

// fetch fetches the file as most clients do, or the rest of it.
func (r *trial) fetch(offset int) ([]byte, error) {
	begun := time.Now()
	_, err := r.client.Do(213, "SIZE %s", r.path)
	if err == nil && offset > 0 {
		_, err = r.client.Do(350, "REST %d", offset)
	}
	if err != nil {
		r.Error(err)
	}
	content, err := r.client.Fetch("RETR " + r.path)
	if took := time.Since(begun); took > 10*time.Second {
		r.Errorf("the client waits for %v", took)
	}
	return content, err
}

// giveUp is for what nobody but the client sees: it has no more than was sent, and can
// abort what it waits for.
func (r *trial) giveUp() {
	if _, err := r.client.Do(213, "SIZE %s", r.path); err != nil {
		r.Error(err)
	}
	data, err := r.client.Open("RETR " + r.path)
	if err != nil {
		r.Fatal(err)
	}
	patience := time.AfterFunc(time.Second, func() { data.Close() })
	got, _ := io.ReadAll(data)
	patience.Stop()
	data.Close()
	if parts, err := parts(got); err != nil || len(parts) > 0 && parts[0].from != first {
		r.Errorf("the client has %v, %v", parts, err)
	}
	begun := time.Now()
	_, err = r.client.Do(226, "ABOR") // of what has ended, or else 426 comes before
	if code(err) == 426 {
		err = r.client.End()
	}
	if took := time.Since(begun); err != nil || took > 10*time.Second {
		r.Errorf("ABOR is answered with %v after %v", err, took)
	}
}

// want checks whom a whole file came from.
func (r *trial) want(got []byte, err error, want ...part) {
	r.Helper()
	if err != nil {
		r.Errorf("the transfer ends with %v after %d bytes", err, len(got))
		return
	}
	all, err := parts(got)
	if err != nil || !slices.Equal(all, want) {
		r.Errorf("the client has %v, %v; want %v", all, err, want)
	}
}

// code is that of a reply which was not the one wanted; 0 is none at all.
func code(err error) int {
	if refused := (*textproto.Error)(nil); errors.As(err, &refused) {
		return refused.Code
	}
	return 0
}
