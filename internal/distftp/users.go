package distftp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"mirrortracker/internal/distftp/account"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/mirror"
)

// Users lets in the users of a desk, to what their rules permit.
type Users struct {
	Desk        *account.Desk
	NoAnonymous bool // the anonymous user is kept out, whatever the desk says
}

// Authenticate implements [control.Authenticator].
func (u Users) Authenticate(ctx context.Context, l control.Login) (control.Account, error) {
	if u.NoAnonymous && account.IsAnonymous(l.User) {
		return control.Account{}, fmt.Errorf("%w: anonymous clients are not let in", control.ErrLogin)
	}
	s, err := u.Desk.Login(ctx, l.User, l.Password, l.Peer)
	limit := (*account.LimitError)(nil)
	switch {
	case errors.Is(err, account.ErrRefused):
		return control.Account{}, fmt.Errorf("%w: %w", control.ErrLogin, err)
	case errors.As(err, &limit):
		return control.Account{}, fmt.Errorf("%w: %w", control.ErrTooMany, err)
	case err != nil:
		return control.Account{}, err
	}
	a := control.Account{
		Name: s.Name, Anonymous: s.Anonymous, Home: s.Home, Welcome: "Welcome, " + s.Name,
		Up: int64(s.Limits.Up), Down: int64(s.Limits.Down),
		Access: access{s.Account}, Admin: s.Permits(mirror.Root, account.Admin), Foreign: s.Permits(mirror.Root, account.FXP), Close: s.Close,
	}
	if s.Anonymous {
		a.Welcome = "Welcome, access is read-only"
	} else {
		a.Quota = quota{s}
	}
	return a, nil
}

// quota counts what a user stores.
type quota struct{ *account.Session }

// Left implements [control.Quota].
func (q quota) Left(ctx context.Context) (vfs.Usage, error) {
	left, err := q.Session.Left(ctx)
	return vfs.Usage(left), err
}

// Charge implements [control.Quota].
func (q quota) Charge(ctx context.Context, u vfs.Usage) error {
	err := q.Session.Charge(ctx, u.Bytes, u.Files)
	if _, ok := errors.AsType[*account.QuotaError](err); ok {
		return fmt.Errorf("%w: %w", vfs.ErrQuota, err)
	}
	return err
}

// access asks an account's rules.
type access struct{ *account.Account }

// verbs are the rules' names for rights.
var verbs = [...]account.Verbs{
	control.List: account.List, control.Read: account.Read, control.Write: account.Write, control.Append: account.Append,
	control.Delete: account.Delete, control.Rename: account.Rename, control.MakeDir: account.Mkdir,
}

// Allow implements [control.Access].
func (a access) Allow(r control.Right, p mirror.Path) error {
	if !a.Permits(p, verbs[r]) {
		return &denial{a.Name, verbs[r]}
	}
	return nil
}

// A denial is the error for what rules do not permit. Listings ask for a lot that is
// denied, so that it is cheap to make.
type denial struct {
	user string
	verb account.Verbs
}

// Error says who may not do what.
func (d *denial) Error() string { return fmt.Sprintf("user %s may not %s there", d.user, d.verb) }

// Unwrap makes it [fs.ErrPermission].
func (d *denial) Unwrap() error { return fs.ErrPermission }
