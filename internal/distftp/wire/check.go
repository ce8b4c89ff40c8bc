package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Both sides check what comes from the other, so that nobody behind them has to.

// maxText bounds what one side tells the other in words, in bytes.
const maxText = 1000

// longest is the longest that anything may be told to wait.
const longest = 24 * time.Hour

func (r *Ref) check() error {
	if r.Size < 0 {
		return fmt.Errorf("%s has a size of %d", r.Path, r.Size)
	}
	return r.Path.Check()
}

func (i *Intent) check() error {
	if i.Seq == 0 || i.Prev >= i.Seq {
		return fmt.Errorf("intent %d cannot follow %d", i.Seq, i.Prev)
	}
	if i.Size < 0 {
		return fmt.Errorf("intent %d has a size of %d", i.Seq, i.Size)
	}
	switch i.Deed {
	case Publish, Remove, RemoveDir, Adopt:
	case Rename:
		if err := i.To.Check(); err != nil {
			return fmt.Errorf("intent %d: %w", i.Seq, err)
		}
	default:
		return fmt.Errorf("intent %d: unknown deed %q", i.Seq, i.Deed)
	}
	if err := i.Path.Check(); err != nil {
		return fmt.Errorf("intent %d: %w", i.Seq, err)
	}
	if i.Path == "/" || i.To == "/" {
		return fmt.Errorf("intent %d is about the root", i.Seq)
	}
	return nil
}

func (l *Listen) check() error {
	switch {
	case l.Family != 4 && l.Family != 6:
		return fmt.Errorf("family %d", l.Family)
	case !l.Peer.IsValid() && !l.Foreign:
		return errors.New("nobody may come")
	}
	return checkWait(l.Timeout)
}

func (l *Listening) check() error {
	if a := l.Addr.Addr(); !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || l.Addr.Port() == 0 {
		return fmt.Errorf("it listens at %s", l.Addr)
	}
	return nil
}

func checkWait(d time.Duration) error {
	if d <= 0 || d > longest {
		return fmt.Errorf("a time limit of %s", d)
	}
	return nil
}

func (m *Meeting) check() error {
	n := 0
	for _, set := range []bool{m.Listener != 0, m.Dial.IsValid(), m.Secret != nil} {
		if set {
			n++
		}
	}
	switch {
	case n != 1:
		return errors.New("a meeting must have one place")
	case m.Secret != nil && len(m.Secret) != SecretSize:
		return fmt.Errorf("a secret of %d bytes", len(m.Secret))
	}
	return checkWait(m.Timeout)
}

func (p *Place) check() error {
	switch {
	case !p.Addr.IsValid() || p.Addr.Port() == 0:
		return fmt.Errorf("a place at %s", p.Addr)
	case len(p.Secret) != SecretSize:
		return fmt.Errorf("a secret of %d bytes", len(p.Secret))
	}
	return nil
}

func (s *Send) check() error {
	if s.Offset < 0 || s.Length < 0 || s.Pace < 0 || s.Parting < 0 || s.Parting > longest {
		return fmt.Errorf("offset %d, length %d, pace %d, parting %s", s.Offset, s.Length, s.Pace, s.Parting)
	}
	err := errors.Join(s.Ref.check(), s.Meet.check(), checkWait(s.Stall))
	if s.From != nil {
		err = errors.Join(err, s.From.check())
	}
	if s.Next != nil {
		err = errors.Join(err, s.Next.check())
	}
	return err
}

func (r *Receive) check() error {
	if r.Op == 0 {
		return errors.New("operation 0")
	}
	if r.First < 0 || r.Pace < 0 {
		return fmt.Errorf("first %d, pace %d", r.First, r.Pace)
	}
	if r.First > 0 && (r.Keep == nil || r.First > r.Keep.Size) {
		return fmt.Errorf("%d bytes are to be kept of less", r.First)
	}
	err := checkWait(r.Stall)
	if r.Keep != nil {
		err = errors.Join(err, r.Keep.check())
	}
	if r.Want != nil {
		err = errors.Join(err, r.Want.check())
	}
	if r.From != nil {
		return errors.Join(err, r.From.check())
	}
	return errors.Join(err, r.Meet.check())
}

func (b *Bridge) check() error {
	switch {
	case b.Listener == 0:
		return errors.New("nowhere for a client to come")
	case len(b.Secret) != SecretSize:
		return fmt.Errorf("a secret of %d bytes", len(b.Secret))
	}
	return errors.Join(checkWait(b.Timeout), checkWait(b.Stall))
}

func (d *Duplicate) check() error {
	if d.Op == 0 {
		return errors.New("operation 0")
	}
	return d.Ref.check()
}

func (c *Checksum) check() error {
	if c.Offset < 0 || c.Length < 0 {
		return fmt.Errorf("offset %d, length %d", c.Offset, c.Length)
	}
	return c.Ref.check()
}

func (s *Sums) check() error {
	if n := len(s.SHA256); n != 0 && n != 32 {
		return fmt.Errorf("SHA-256 of %d bytes", n)
	}
	return nil
}

func (p *Prepared) check() error {
	if p.Size < 0 {
		return fmt.Errorf("operation %d has prepared %d bytes", p.Op, p.Size)
	}
	return p.Sums.check()
}

// fits checks what a slave has received against what it was to, and what it has said to
// have come.
func (p *Prepared) fits(r *Receive, moved int64) error {
	switch {
	case p.Op != r.Op:
		return fmt.Errorf("operation %d was wanted, and %d is prepared", r.Op, p.Op)
	case p.Size < r.First:
		return fmt.Errorf("%d bytes were to be kept, and %d are there", r.First, p.Size)
	case r.Most >= 0 && p.Size-r.First > r.Most:
		return fmt.Errorf("%d bytes were permitted, and %d came", r.Most, p.Size-r.First)
	case !r.Text && p.Size-r.First != moved:
		return fmt.Errorf("%d bytes came, and %d are prepared", moved, p.Size-r.First)
	case r.Want != nil && (p.Size != r.Want.Size || p.CRC32 != r.Want.CRC32):
		return errors.New("it is not what was wanted")
	}
	return p.check()
}

// check takes names that are relative where the listing is deep.
func (e *Entry) check(deep bool) error {
	switch {
	case e.Kind != File && e.Kind != Directory:
		return fmt.Errorf("entry %q is of unknown kind %q", e.Name, e.Kind)
	case e.Size < 0:
		return fmt.Errorf("entry %q has a size of %d", e.Name, e.Size)
	case len(e.Name) > MaxPath || !deep && strings.Contains(string(e.Name), "/"):
		return fmt.Errorf("entry %.50q is no name", e.Name)
	}
	if e.Sums != nil {
		if err := e.Sums.check(); err != nil {
			return fmt.Errorf("entry %q: %w", e.Name, err)
		}
	}
	return checkNames(e.Name)
}

func (s *State) check() error {
	for _, n := range []int64{s.Files, s.Bytes, s.Free, s.Total, int64(s.Receiving), int64(s.Sending), s.In, s.Out} {
		if n < 0 {
			return fmt.Errorf("its state has a number below zero: %d", n)
		}
	}
	for _, text := range []string{s.Storage, s.Fault, s.Rack, s.Software} {
		if len(text) > maxText {
			return fmt.Errorf("its state has a text of %d bytes", len(text))
		}
	}
	switch {
	case s.Storage == "" || len(s.Storage) > 128:
		return fmt.Errorf("its storage has the identity %.20q", s.Storage)
	case s.Ports[0] > s.Ports[1]:
		return fmt.Errorf("its ports are %d to %d", s.Ports[0], s.Ports[1])
	case len(s.Data) > 2 || len(s.Relay) > 4:
		return fmt.Errorf("it has %d addresses for data, and %d for relaying", len(s.Data), len(s.Relay))
	}
	for _, a := range s.Data {
		if err := checkAddress(a); err != nil {
			return err
		}
	}
	for _, a := range s.Relay {
		if err := checkAddress(a.Addr()); err != nil {
			return err
		}
	}
	return nil
}

func checkAddress(a netip.Addr) error {
	if !a.IsValid() || a.IsUnspecified() || a.IsMulticast() {
		return fmt.Errorf("it cannot be reached at %s", a)
	}
	return nil
}

func (n *News) check() error {
	if len(n.Damaged) > maxDamaged {
		return fmt.Errorf("it tells of %d files at once", len(n.Damaged))
	}
	for i := range n.Damaged {
		if err := n.Damaged[i].Ref.check(); err != nil {
			return err
		}
	}
	if n.State != nil {
		return n.State.check()
	}
	return nil
}

// follows checks an event after the one before. What has not moved since need not be told
// again.
func (e *Event) follows(last *Event) error {
	if e.Moved != 0 && e.Moved < last.Moved {
		return fmt.Errorf("it has moved %d bytes after %d", e.Moved, last.Moved)
	}
	if e.Next != nil {
		return e.Next.check()
	}
	return nil
}
