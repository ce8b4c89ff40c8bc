package copies

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"net/netip"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/distftp/catalogue"
	"mirrortracker/internal/distftp/wire"
)

// A yard is a fleet of slaves that keep their files in memory. What one sends and another
// receives meets by its secret.
type yard struct {
	catalogue *catalogue.Catalogue

	mu     sync.Mutex
	slaves map[catalogue.SlaveID]*fake
	meets  map[string]chan []byte
}

// A fake is a slave. It has prepared content and files, as a real one.
type fake struct {
	wire.Slave // for what it is not asked

	yard   *yard
	name   string
	id     catalogue.SlaveID
	rack   string
	online bool
	behind bool // it was not compared yet

	mu       sync.Mutex
	applied  uint64
	prepared map[uint64][]byte
	files    map[wire.Path]stored
	spoil    bool // what it sends is not what it has
	receives int
}

type stored struct {
	version uint64
	content []byte
}

var errUnused = errors.New("not asked of a fake")

func newYard() *yard {
	return &yard{slaves: map[catalogue.SlaveID]*fake{}, meets: map[string]chan []byte{}}
}

// add enrols a slave.
func (y *yard) add(t *testing.T, name, rack string) *fake {
	t.Helper()
	row, err := y.catalogue.AddSlave(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{yard: y, name: name, id: row.ID, rack: rack, online: true, prepared: map[uint64][]byte{}, files: map[wire.Path]stored{}}
	y.mu.Lock()
	y.slaves[row.ID] = f
	y.mu.Unlock()
	if err := y.catalogue.Bind(t.Context(), row.ID, "storage of "+name, 0); err != nil {
		t.Fatal(err)
	}
	f.report(t)
	return f
}

func (f *fake) report(t *testing.T) {
	t.Helper()
	s, _ := f.State(t.Context())
	if err := f.yard.catalogue.Report(t.Context(), f.id, s); err != nil {
		t.Fatal(err)
	}
}

// Link implements [Fleet].
func (y *yard) Link(id catalogue.SlaveID) (wire.Slave, wire.State, bool) {
	y.mu.Lock()
	f := y.slaves[id]
	online := f != nil && f.online
	y.mu.Unlock()
	if !online {
		return nil, wire.State{}, false
	}
	s, _ := f.State(context.Background())
	return f, s, true
}

// Agreed implements [Fleet].
func (y *yard) Agreed(id catalogue.SlaveID) bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return !y.slaves[id].behind
}

// Begin implements [Fleet].
func (y *yard) Begin(ctx context.Context) (uint64, func(), error) {
	op, err := y.catalogue.Op(ctx)
	return op, func() {}, err
}

// Compare implements [Fleet].
func (y *yard) Compare(context.Context, catalogue.SlaveID) (catalogue.Reconciled, error) {
	return catalogue.Reconciled{}, errUnused
}

// set changes whether a slave is there.
func (f *fake) set(online bool) {
	f.yard.mu.Lock()
	defer f.yard.mu.Unlock()
	f.online = online
}

// deliver brings a slave its intents.
func (f *fake) deliver(t *testing.T) {
	t.Helper()
	if err := f.catchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (f *fake) catchUp(ctx context.Context) error {
	f.mu.Lock()
	applied := f.applied
	f.mu.Unlock()
	intents, err := f.yard.catalogue.Intents(ctx, f.id, applied, 1000)
	if err == nil {
		_, err = f.Apply(ctx, intents)
	}
	return err
}

// meet returns where what comes with a secret waits.
func (y *yard) meet(secret []byte) chan []byte {
	y.mu.Lock()
	defer y.mu.Unlock()
	c := y.meets[string(secret)]
	if c == nil {
		c = make(chan []byte, 1)
		y.meets[string(secret)] = c
	}
	return c
}

func (f *fake) State(context.Context) (wire.State, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return wire.State{
		Storage: "storage of " + f.name, Applied: f.applied, Files: int64(len(f.files)), Free: 1 << 40, Total: 1 << 41, Rack: f.rack,
		Relay: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1")},
	}, nil
}

func (f *fake) Apply(_ context.Context, intents []wire.Intent) (uint64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range intents {
		if i.Seq <= f.applied {
			continue
		}
		switch i.Deed {
		case wire.Publish:
			content, there := f.prepared[i.Op]
			if !there {
				return f.applied, errors.New("publish of what was not prepared")
			}
			f.files[i.Path] = stored{i.Version, content}
			delete(f.prepared, i.Op)
		case wire.Remove:
			if f.files[i.Path].version <= i.Version {
				delete(f.files, i.Path)
			}
		}
		f.applied = i.Seq
	}
	return f.applied, nil
}

func (f *fake) Send(ctx context.Context, s wire.Send, _ func(wire.Event)) error {
	if err := f.catchUp(ctx); err != nil { // in the place of waiting for s.After
		return err
	}
	f.mu.Lock()
	file, there := f.files[s.Ref.Path]
	content := bytes.Clone(file.content)
	if f.spoil {
		content[0] ^= 1
	}
	f.mu.Unlock()
	if !there || file.version != s.Ref.Version {
		return &wire.Failure{Reason: wire.Absent, Text: "not here"}
	}
	f.yard.meet(s.Meet.Secret) <- content
	return nil
}

func (f *fake) Receive(ctx context.Context, r wire.Receive, _ func(wire.Event)) (wire.Prepared, error) {
	var content []byte
	select {
	case content = <-f.yard.meet(r.From.Secret):
	case <-ctx.Done():
		return wire.Prepared{}, context.Cause(ctx)
	case <-time.After(50 * time.Millisecond):
		return wire.Prepared{}, &wire.Failure{Reason: wire.NoConnection, Text: "nothing came"}
	}
	p := wire.Prepared{Op: r.Op, Size: int64(len(content)), Sums: wire.Sums{CRC32: crc32.ChecksumIEEE(content)}}
	if w := r.Want; w != nil && (w.Size != p.Size || w.CRC32 != p.CRC32) {
		return wire.Prepared{}, &wire.Failure{Reason: wire.Differs, Text: "other content"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.receives++
	f.prepared[r.Op] = content
	return p, nil
}

func (f *fake) Checksum(_ context.Context, c wire.Checksum) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	file, there := f.files[c.Ref.Path]
	if !there || file.version != c.Ref.Version {
		return nil, &wire.Failure{Reason: wire.Absent, Text: "not here"}
	}
	return crc(crc32.ChecksumIEEE(file.content)), nil
}
