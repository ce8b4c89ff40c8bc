package mirrors

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
)

// An Alias is a path at which the tree of a foreign FTP server appears.
type Alias struct {
	Path   mirror.Path
	Host   string // a name or an address
	Port   uint16
	User   string
	Root   mirror.Path // which directory of the server it is
	TLS    ftpconn.TLSMode
	Limit  int  // how many connections the server is asked to bear; 0: as many as for others
	Tunnel bool // no data connection leads past us
	Epoch  int  // how often its connections were to be closed

	// Abilities are what the server allows, as any master last found.
	Abilities foreign.Abilities

	sealed []byte // the password
	key    *Key   // with which it is sealed
}

// Server returns where the server is and how to log in. It fails if the password cannot be
// opened, for want of the key that it was sealed with: with [ErrNoKey] or [ErrOtherKey].
func (a *Alias) Server() (foreign.Server, error) {
	password, err := a.key.open(a.sealed, a.context())
	if err != nil {
		return foreign.Server{}, fmt.Errorf("password of %s: %w", a.Path, err)
	}
	s := a.public()
	s.Password = foreign.Secret(password)
	return s, nil
}

// public is the server without the password.
func (a *Alias) public() foreign.Server {
	return foreign.Server{Host: a.Host, Port: a.Port, User: a.User, TLS: a.TLS, Limit: a.Limit}
}

// Address writes HOST:PORT, an address of IPv6 in brackets.
func (a *Alias) Address() string { return a.public().Addr() }

// context is what a sealed password belongs to: whoever can write into the database, and
// has no key, cannot have it sent to another server, or in clear.
func (a *Alias) context() string {
	return strings.Join([]string{string(a.Path), a.Address(), a.User, string(a.TLS)}, "\x00")
}

// Linked returns the path on the server of what is at rest below the alias, as
// [View.Alias] returns it.
func (a *Alias) Linked(rest mirror.Path) mirror.Path { return rest.At(a.Root) }

// Mirrored returns the path on the server of the file that takes the place of ours: that
// of the server's directory followed by our own whole path, whatever a user's home is.
func (a *Alias) Mirrored(p mirror.Path) mirror.Path { return p.At(a.Root) }

// Bounds of an alias.
const (
	MaxPath     = 1000 // bytes, as of all paths here
	MaxHost     = 253
	MaxUser     = 255
	MaxPassword = 255
	MaxLimit    = 10_000
)

// Validate reports the first thing about an alias that cannot be.
func (a *Alias) Validate() error {
	switch {
	case a.Path == mirror.Root:
		return errors.New("the root cannot be an alias: nothing of our own would be left")
	case len(a.Path) > MaxPath || len(a.Root) > MaxPath:
		return fmt.Errorf("a path may have %d bytes", MaxPath)
	case a.Port == 0:
		return errors.New("port: want 1 to 65535")
	case a.User == "" || len(a.User) > MaxUser || !sayable(a.User):
		return fmt.Errorf("user: want 1 to %d bytes, none of them a control character", MaxUser)
	case a.Limit < 0 || a.Limit > MaxLimit:
		return fmt.Errorf("limit: %d connections are not from 1 to %d; 0 is the usual limit", a.Limit, MaxLimit)
	}
	switch a.TLS {
	case ftpconn.NoTLS, ftpconn.ExplicitTLS, ftpconn.ImplicitTLS:
	default:
		return fmt.Errorf("TLS %q is not one of off, explicit, implicit", string(a.TLS))
	}
	return validHost(a.Host)
}

// validHost says why a server cannot be called so.
func validHost(host string) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.IsUnspecified() || addr.IsMulticast() || addr.Zone() != "" {
			return fmt.Errorf("host %s: it is no address of a server", host)
		}
		return nil
	}
	name := strings.TrimSuffix(host, ".")
	sound := name != "" && len(name) <= MaxHost
	for label := range strings.SplitSeq(name, ".") {
		sound = sound && label != "" && len(label) <= 63 && !strings.HasPrefix(label, "-") &&
			strings.Trim(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
	}
	if !sound {
		return fmt.Errorf("host %q: want a name or an address", host)
	}
	return nil
}

// ValidPassword says why a password cannot be used to log in with.
func ValidPassword(password string) error {
	if len(password) > MaxPassword || !sayable(password) {
		return fmt.Errorf("password: want at most %d bytes, none of them a control character", MaxPassword)
	}
	return nil
}

// sayable reports whether a text can be an argument of a command.
func sayable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}
