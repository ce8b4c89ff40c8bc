package mirrors

import (
	"context"
	"encoding/json"

	"mirrortracker/internal/distftp/foreign"
	"mirrortracker/internal/mirror"
)

// AddAlias makes an alias, of which all must be said but the epoch. It is refused where it
// can be seen that it would lead round in a circle ([ErrLoop]).
func (s *Store) AddAlias(ctx context.Context, a Alias, password string) error {
	if err := a.Validate(); err != nil {
		return err
	}
	if err := ValidPassword(password); err != nil {
		return err
	}
	ours := s.ours(ctx, &a)
	return s.change(ctx, "add alias", func(t *change) error {
		if t.At(a.Path) != nil {
			return &TakenError{a.Path}
		}
		for _, b := range t.Bindings() {
			if b.Dir.Within(a.Path) {
				return &LinkedError{b.Dir, a.Path}
			}
		}
		if err := round(append(t.Aliases(), &a), ours); err != nil {
			return err
		}
		sealed, err := s.config.Key.seal(password, a.context(), len(t.aliases) == 0)
		if err != nil {
			return err
		}
		text, err := json.Marshal(a.Abilities)
		if err != nil {
			return err
		}
		return t.exec(`
			INSERT INTO ftp_aliases (path, host, port, login, password, root, tls, connections, tunnel, epoch, abilities)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`,
			[]byte(a.Path), a.Host, a.Port, []byte(a.User), sealed, []byte(a.Root), string(a.TLS), a.Limit, a.Tunnel, string(text))
	})
}

// ChangeAlias changes an alias that there is, but for its path; with a password, that too.
// edit may be called more than once. What was learnt of the server is forgotten if it is
// another one afterwards.
func (s *Store) ChangeAlias(ctx context.Context, p mirror.Path, password *string, edit func(a *Alias)) error {
	edited := func(a *Alias) (*Alias, error) {
		b := *a
		edit(&b)
		b.Path = a.Path
		if b.context() != a.context() {
			b.Abilities = foreign.Abilities{}
		}
		return &b, b.Validate()
	}
	if password != nil {
		if err := ValidPassword(*password); err != nil {
			return err
		}
	}
	var ours map[string]bool
	if a := s.View().At(p); a != nil {
		b, err := edited(a)
		if err != nil {
			return err
		}
		ours = s.ours(ctx, b)
	}
	return s.change(ctx, "change alias", func(t *change) error {
		a, err := t.alias(p)
		if err != nil {
			return err
		}
		b, err := edited(a)
		if err != nil {
			return err
		}
		others := without(t.Aliases(), p)
		if err := round(append(others, b), ours); err != nil {
			return err
		}
		if ours[b.Address()] {
			if used := t.members(p); used != nil {
				return ownMember(p)
			}
		}
		sealed, err := s.reseal(a, b, password, len(others) == 0)
		if err != nil {
			return err
		}
		text, err := json.Marshal(b.Abilities)
		if err != nil {
			return err
		}
		return t.exec(`
			UPDATE ftp_aliases
			SET host = ?, port = ?, login = ?, password = ?, root = ?, tls = ?, connections = ?, tunnel = ?, abilities = ?
			WHERE path = ?`,
			b.Host, b.Port, []byte(b.User), sealed, []byte(b.Root), string(b.TLS), b.Limit, b.Tunnel, string(text), []byte(p))
	})
}

// reseal returns the sealed password of an alias that became another: a new one, or the
// one that it had.
func (s *Store) reseal(before, after *Alias, password *string, alone bool) ([]byte, error) {
	switch {
	case password != nil:
		return s.config.Key.seal(*password, after.context(), alone)
	case before.context() == after.context():
		return before.sealed, nil
	}
	server, err := before.Server()
	if err != nil {
		return nil, err
	}
	return s.config.Key.seal(string(server.Password), after.context(), false)
}

// DeleteAlias removes an alias that is no member of an entry; a [UsedError] says of which
// it is one.
func (s *Store) DeleteAlias(ctx context.Context, p mirror.Path) error {
	return s.change(ctx, "remove alias", func(t *change) error {
		if _, err := t.alias(p); err != nil {
			return err
		}
		if used := t.members(p); used != nil {
			return &UsedError{What: "alias " + string(p), Entries: used}
		}
		return t.exec(`DELETE FROM ftp_aliases WHERE path = ?`, []byte(p))
	})
}

// Disconnect has all servers close their connections to the server of an alias.
func (s *Store) Disconnect(ctx context.Context, p mirror.Path) error {
	return s.change(ctx, "disconnect", func(t *change) error {
		if _, err := t.alias(p); err != nil {
			return err
		}
		return t.exec(`UPDATE ftp_aliases SET epoch = epoch + 1 WHERE path = ?`, []byte(p))
	})
}

// members returns the entries of which an alias is a member.
func (v *View) members(alias mirror.Path) []int {
	var ids []int
	for _, e := range v.Entries() {
		if e.Member(alias) != nil {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

// without returns all aliases but that at a path.
func without(all []*Alias, p mirror.Path) []*Alias {
	var others []*Alias
	for _, a := range all {
		if a.Path != p {
			others = append(others, a)
		}
	}
	return others
}
