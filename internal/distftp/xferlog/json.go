package xferlog

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"time"
	"unicode/utf8"

	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/mirror"
)

// JSON writes an object for each upload and download.
func JSON(line []byte, e control.Event) []byte {
	if e, ok := e.(*control.TransferEnded); ok && e.Direction() != control.Listing {
		return appendRecord(line, transfer(e))
	}
	return line
}

// Everything writes an object for each transfer, listings among them, and for each
// login, failed login, change, computed checksum, and end of a session in which somebody
// was logged in.
func Everything(line []byte, e control.Event) []byte {
	switch e := e.(type) {
	case *control.TransferEnded:
		return appendRecord(line, transfer(e))
	case *control.LoggedIn:
		return appendRecord(line, about(e.Client, "login"))
	case *control.LoginFailed:
		r := about(e.Client, "login_failed")
		r.User, r.Why = e.Name, string(e.Why)
		return appendRecord(line, r)
	case *control.Changed:
		r := about(e.Client, "change")
		r.Verb = e.Verb
		r.name(e.Path, e.To)
		return appendRecord(line, r)
	case *control.Computed:
		r := about(e.Client, "computed")
		r.Verb = e.Verb
		r.name(e.Path, "")
		r.Bytes, r.Seconds = &e.Bytes, e.Took.Seconds()
		r.end(e.Err)
		return appendRecord(line, r)
	case *control.Disconnected:
		if e.User != "" {
			r := about(e.Client, "logout")
			r.Seconds, r.Counts = e.Took.Seconds(), &counts{
				Commands: e.Commands, Uploads: e.Uploads, Downloads: e.Downloads, Listings: e.Listings, In: e.In, Out: e.Out,
			}
			return appendRecord(line, r)
		}
	}
	return line
}

// A record is a line of JSON. What an event does not have is left out.
type record struct {
	Time       time.Time      `json:"time"` // of the end of what it is about
	Event      string         `json:"event"`
	Session    int            `json:"session"`
	Client     netip.AddrPort `json:"client"`
	Door       netip.AddrPort `json:"door"`       // which address of ours it came to
	Protection string         `json:"protection"` // of the control connection: none, explicit or implicit
	User       string         `json:"user,omitempty"`
	Anonymous  bool           `json:"anonymous,omitempty"`
	Ident      string         `json:"ident,omitempty"` // what an anonymous client gave as its password
	Why        string         `json:"why,omitempty"`   // a login failed

	Verb    string  `json:"verb,omitempty"`
	Path    string  `json:"path,omitempty"`
	To      string  `json:"to,omitempty"`
	Escaped bool    `json:"escaped,omitempty"` // the paths are not UTF-8 and are written as in a URL
	Type    string  `json:"type,omitempty"`    // A or I
	Mode    string  `json:"mode,omitempty"`    // PASV, EPSV, PORT, EPRT or CPSV
	TLS     *bool   `json:"tls,omitempty"`     // of the data connection
	Plan    string  `json:"plan,omitempty"`    // direct, relay or slave-relay, with a holder elsewhere
	Holder  string  `json:"holder,omitempty"`  // its name
	Offset  int64   `json:"offset,omitempty"`
	Length  int64   `json:"length,omitempty"` // that was asked for
	Size    *int64  `json:"size,omitempty"`   // what was to be moved, where that is known
	Bytes   *int64  `json:"bytes,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`

	Complete *bool  `json:"complete,omitempty"`
	Reply    int    `json:"reply,omitempty"`
	Error    string `json:"error,omitempty"`

	Counts *counts `json:"counts,omitempty"`
}

// Counts are what a session did in all.
type counts struct {
	Commands  int   `json:"commands"`
	Uploads   int   `json:"uploads"`
	Downloads int   `json:"downloads"`
	Listings  int   `json:"listings"`
	In        int64 `json:"bytes_in"`
	Out       int64 `json:"bytes_out"`
}

func about(c *control.Client, event string) *record {
	return &record{
		Time: time.Now().UTC().Truncate(time.Millisecond), Event: event, Session: c.Number, Client: c.Peer, Door: c.Local,
		Protection: c.Protection.String(), User: c.User, Anonymous: c.Anonymous, Ident: c.Ident,
	}
}

func transfer(e *control.TransferEnded) *record {
	r := about(e.Client, e.Direction().String())
	r.Time = e.Began.Add(e.Took).UTC().Truncate(time.Millisecond)
	r.Verb, r.Type, r.Mode, r.TLS = e.Verb, "I", e.Mode, &e.Secure
	if e.Text {
		r.Type = "A"
	}
	if e.Kind != data.Local && e.Kind != "" {
		r.Plan, r.Holder = string(e.Kind), e.Holder
	}
	r.name(e.Path, "")
	if e.Size >= 0 {
		r.Size = &e.Size
	}
	r.Offset, r.Length, r.Bytes, r.Seconds, r.Reply = e.Offset, e.Length, &e.Bytes, e.Took.Seconds(), e.Reply
	r.end(e.Err)
	return r
}

// name sets the paths. JSON has no way of writing bytes that are not UTF-8.
func (r *record) name(path, to mirror.Path) {
	r.Path, r.To = string(path), string(to)
	if !utf8.ValidString(r.Path) || !utf8.ValidString(r.To) {
		r.Path, r.To, r.Escaped = mirror.EscapePath(r.Path), mirror.EscapePath(r.To), true
	}
}

func (r *record) end(err error) {
	complete := err == nil
	r.Complete = &complete
	if err != nil {
		r.Error = err.Error()
	}
}

func appendRecord(line []byte, r *record) []byte {
	b := bytes.NewBuffer(line)
	to := json.NewEncoder(b)
	to.SetEscapeHTML(false)
	_ = to.Encode(r) // of which there is nothing that could not be written
	return b.Bytes()
}
