package slave

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/guard"
	"mirrortracker/internal/distftp/wire"
)

// A meeting is a [data.Meeting] as a master asked for it.
type meeting struct {
	data.Meeting
	at      Venue
	timeout time.Duration

	// secure puts TLS on the connection; nil: it is clear.
	secure func(ctx context.Context, conn net.Conn) (net.Conn, error)
}

// Meet implements [data.Meeting].
func (m *meeting) Meet(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	return m.Meeting.Meet(ctx)
}

// meet prepares a meeting, with somebody who sends if upload is set. A listener that it
// names is its own from then on.
func (s *Slave) meet(m *wire.Meeting, upload bool) (*meeting, error) {
	meet := &meeting{timeout: m.Timeout}
	var err error
	switch {
	case !m.Secure:
	case m.Secret != nil:
		meet.secure = s.amongUs(m.Timeout)
	default:
		if meet.secure, err = s.withClient(m, upload); err != nil {
			return nil, err
		}
	}
	switch {
	case m.Listener != 0:
		meet.at = AtListener
		meet.Meeting, err = s.listeners.take(m.Listener)
	case m.Secret != nil:
		meet.at = AtRelayPort
		meet.Meeting, err = s.relay.expect(m.Secret)
	default:
		meet.at = AtClient
		meet.Meeting, err = s.dial(m)
	}
	if err != nil {
		return nil, err
	}
	return meet, nil
}

// dial prepares to go to a client. Nobody has us come to our own relay port.
func (s *Slave) dial(m *wire.Meeting) (data.Meeting, error) {
	family := 6
	if m.Dial.Addr().Unmap().Is4() {
		family = 4
	}
	from, ok := s.address(family)
	if !ok {
		return nil, &wire.Failure{Reason: wire.NoConnection, Text: "the slave has no address of this family"}
	}
	if slices.Contains(s.RelayAt, m.Dial) {
		return nil, &wire.Failure{Reason: wire.Invalid, Text: "a client at the slave's own relay port"}
	}
	return data.Dial(from.Local, m.Dial, m.Timeout), nil
}

// within is how long a slave tries to reach another.
const within = 10 * time.Second

// fetch prepares to go to another slave's relay port.
func (s *Slave) fetch(p *wire.Place) *meeting {
	m := &meeting{Meeting: visit{p}, at: AtSlave, timeout: within}
	if p.Secure {
		m.secure = func(ctx context.Context, conn net.Conn) (net.Conn, error) {
			secure := tls.Client(conn, s.Client)
			return secure, guard.Shake(ctx, secure, within)
		}
	}
	return m
}

// A visit is a meeting at another slave's relay port.
type visit struct{ place *wire.Place }

// Meet goes there and says the secret.
func (v visit) Meet(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", v.place.Addr.String())
	if err != nil {
		return nil, fmt.Errorf("go to the relay port of another slave: %w", err)
	}
	if _, err := conn.Write(v.place.Secret); err != nil {
		conn.Close()
		return nil, fmt.Errorf("say the secret at the relay port of another slave: %w", err)
	}
	return conn, nil
}

// Close has nothing to give back.
func (visit) Close() error { return nil }
