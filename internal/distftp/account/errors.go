package account

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"mirrortracker/internal/human"
)

// What callers tell apart. Errors that have more to tell are types.
var (
	ErrNoUser  = errors.New("no such user")
	ErrNoGroup = errors.New("no such group")
	ErrBuiltIn = errors.New("the user anonymous is built in, so it cannot be added or removed")
)

// A TakenError says that there is a user or a group of this name already.
type TakenError struct{ What, Name string }

// Error says what there is.
func (e *TakenError) Error() string { return fmt.Sprintf("there is a %s %s already", e.What, e.Name) }

// A MembersError says that a group is not empty.
type MembersError struct {
	Group   string
	Members []string // sorted
}

// Error names some of the members.
func (e *MembersError) Error() string {
	named, more := e.Members, ""
	if len(named) > 5 {
		named, more = named[:5], ", ..."
	}
	return fmt.Sprintf("group %s has %s: %s%s", e.Group, human.Plural(int64(len(e.Members)), "member", "members"), strings.Join(named, ", "), more)
}

// A LimitError says that a user has too many sessions.
type LimitError struct {
	Name    string     // the user
	Address netip.Addr // of which there are too many; the zero value if it is about all of them
	Max     int64
}

// Error names the limit.
func (e *LimitError) Error() string {
	where := ""
	if e.Address.IsValid() {
		where = " from " + e.Address.String()
	}
	return fmt.Sprintf("user %s has %s%s, and may not have more", e.Name, human.Plural(e.Max, "session", "sessions"), where)
}

// A QuotaError says that an upload would be beyond a user's quota.
type QuotaError struct {
	Name   string
	Limits Limits // of which bytes and files count
	Used   Usage  // before the upload
}

// Error has both numbers.
func (e *QuotaError) Error() string {
	return fmt.Sprintf("user %s has uploaded %s in %s; the quota is %s", e.Name,
		human.Bytes(e.Used.Bytes), human.Plural(e.Used.Files, "file", "files"), e.quota())
}

func (e *QuotaError) quota() string {
	var all []string
	if n := e.Limits.Bytes; n > 0 {
		all = append(all, human.Bytes(int64(n)))
	}
	if n := e.Limits.Files; n > 0 {
		all = append(all, human.Plural(int64(n), "file", "files"))
	}
	return strings.Join(all, " and ")
}
