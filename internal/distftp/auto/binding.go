package auto

import (
	"net/netip"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/ftpconn"
	"mirrortracker/internal/mirror"
	"mirrortracker/internal/resolver"
)

// A Binding says that clients of a directory are sent to its replicas.
type Binding struct {
	Dir mirror.Path // of ours
	URL string      // of the directory that it mirrors, as [resolver.Index.Locate] reads it; "": those that equal Dir
}

// A Question is who asks for which file.
type Question struct {
	Binding
	Path    mirror.Path // of the file, at or below Dir
	Client  netip.Addr  // zero: not known
	Size    int64       // of the file as ours has it; negative: not known
	ModTime time.Time   // likewise; zero: not known
}

// A Member is a server that has the file.
type Member struct {
	Site  string // the tracker's name of it
	Host  string
	Port  uint16
	TLS   ftpconn.TLSMode
	Root  mirror.Path    // of the bound directory there, from the server's root
	Path  mirror.Path    // of the file there
	Class resolver.Class // Exact or Blind
	Size  int64          // of the file, as the tracker knows it
	Date  digest.Date    // likewise; it may be unknown
	Cost  float64        // of getting it from there, in km

	// Only of [Finder.Explain].
	Chance float64 // that a client of which the same is known is sent there
	Why    string  // of what the cost consists, or why it is no member
}

// URL returns where the file is.
func (m *Member) URL() string {
	u := mirror.URL{Scheme: "ftp", Host: m.Host, Port: m.Port, Base: "/"}
	if m.TLS == ftpconn.ImplicitTLS {
		u.Scheme = "ftps"
	}
	return u.At(m.Path, false)
}

// A Status is how things stand with a binding.
type Status struct {
	Binding
	Summary  digest.Summary // what our directory amounts to; zero where a URL is given, or it is not known yet
	Read     time.Time      // when that was found out; zero: not yet
	Replicas []Replica      // all, whoever asks
	Err      error          // why there are none
}

// A Replica is a place where all of a bound directory is.
type Replica struct {
	Site   string         `json:"site"`
	URL    string         `json:"url"` // of the directory; "" where it is not to be had by FTP
	Class  resolver.Class `json:"class"`
	Reason string         `json:"reason,omitempty"` // why nobody is sent there; "" where somebody may be
}
