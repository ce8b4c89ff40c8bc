package foreign

import (
	"log/slog"
	"net"
	"strconv"

	"mirrortracker/internal/ftpconn"
)

// DefaultLimit is how many connections to a server are open at most, where nothing else
// is said.
const DefaultLimit = 8

// A Server is where a foreign server is and how to log in. It is comparable.
type Server struct {
	Host     string // a name, or an address without brackets
	Port     uint16
	User     string // "" logs in anonymously
	Password Secret
	TLS      ftpconn.TLSMode // of the control connection and of our data connections; "" is none
	Limit    int             // connections at most; DefaultLimit if 0
}

// Addr returns host and port.
func (s Server) Addr() string {
	return net.JoinHostPort(s.Host, strconv.Itoa(int(s.Port)))
}

// String returns user, host and port, without the password.
func (s Server) String() string {
	if s.User == "" {
		return s.Addr()
	}
	return s.User + "@" + s.Addr()
}

func (s Server) secure() bool { return s.TLS != "" && s.TLS != ftpconn.NoTLS }

func (s Server) limit() int {
	if s.Limit <= 0 {
		return DefaultLimit
	}
	return s.Limit
}

// A Secret is a password. Whatever prints it prints asterisks; a conversion to string
// reveals it.
type Secret string

const hidden = "***"

// String implements [fmt.Stringer].
func (Secret) String() string { return hidden }

// GoString implements [fmt.GoStringer].
func (Secret) GoString() string { return hidden }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements [encoding.TextMarshaler].
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
