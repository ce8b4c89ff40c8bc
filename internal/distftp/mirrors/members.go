package mirrors

import (
	"context"
	"fmt"

	"mirrortracker/internal/mirror"
)

// AddMember adds a site to a mirror entry, or gives it another weight where it is one
// already, and returns the entry's MirrorID. The site is an alias, or our own, for which
// the path is "". The ID of an entry that is not there makes it; 0 makes one with the
// first ID that is free. The first member is the default.
func (s *Store) AddMember(ctx context.Context, id, weight int, alias mirror.Path) (int, error) {
	switch {
	case id < 0 || id > MaxID:
		return 0, fmt.Errorf("MirrorID %d is not from 1 to %d; 0 takes the next that is free", id, MaxID)
	case weight < 0 || weight > MaxWeight:
		return 0, fmt.Errorf("weight %d is not from 0 to %d", weight, MaxWeight)
	}
	var ours map[string]bool
	if a := s.View().At(alias); a != nil {
		ours = s.ours(ctx, a)
	}
	made := id
	err := s.change(ctx, "add mirror", func(t *change) error {
		made = id
		if alias != "" {
			a, err := t.alias(alias)
			if err != nil {
				return err
			}
			if ours[a.Address()] {
				return ownMember(alias)
			}
		}
		for made == 0 || id == 0 && t.Entry(made) != nil {
			made++
		}
		e := t.Entry(made)
		if e.Member(alias) != nil {
			return t.exec(`UPDATE ftp_mirrors SET weight = ? WHERE id = ? AND alias = ?`, weight, made, []byte(alias))
		}
		var last int
		if err := t.tx.GetContext(t.ctx, &last, `SELECT COALESCE(MAX(position), 0) FROM ftp_mirrors WHERE id = ?`, made); err != nil {
			return err
		}
		return t.exec(`INSERT INTO ftp_mirrors (id, alias, position, weight, is_default) VALUES (?, ?, ?, ?, ?)`,
			made, []byte(alias), last+1, weight, e == nil)
	})
	return made, err
}

// Member returns the member that an alias is, or our own site (""); nil if it is none.
func (e *Entry) Member(alias mirror.Path) *Member {
	if e != nil {
		for _, m := range e.Members {
			if m.path() == alias {
				return m
			}
		}
	}
	return nil
}

// path is that of the alias, or "".
func (m *Member) path() mirror.Path {
	if m.Alias == nil {
		return ""
	}
	return m.Alias.Path
}

// member returns a member that must be there.
func (t *change) member(id int, alias mirror.Path) (*Entry, *Member, error) {
	e, err := t.entry(id)
	if err != nil {
		return nil, nil, err
	}
	m := e.Member(alias)
	if m == nil {
		name := (&Member{Alias: t.At(alias)}).Name()
		if alias != "" {
			name = string(alias)
		}
		return nil, nil, fmt.Errorf("%w of mirror entry %d: %s", ErrNoMember, id, name)
	}
	return e, m, nil
}

// SetDefault makes a member the one that takes the place of those that fail.
func (s *Store) SetDefault(ctx context.Context, id int, alias mirror.Path) error {
	return s.change(ctx, "set default mirror", func(t *change) error {
		if _, _, err := t.member(id, alias); err != nil {
			return err
		}
		return t.setDefault(id, alias)
	})
}

func (t *change) setDefault(id int, alias mirror.Path) error {
	err := t.exec(`UPDATE ftp_mirrors SET is_default = 0 WHERE id = ?`, id)
	if err == nil {
		err = t.exec(`UPDATE ftp_mirrors SET is_default = 1 WHERE id = ? AND alias = ?`, id, []byte(alias))
	}
	return err
}

// DeleteMember removes a site from a mirror entry. If it is the default, the first that is
// left becomes it; with the last one the entry goes, unless directories are bound to it.
func (s *Store) DeleteMember(ctx context.Context, id int, alias mirror.Path) error {
	return s.change(ctx, "remove mirror", func(t *change) error {
		e, m, err := t.member(id, alias)
		if err != nil {
			return err
		}
		if len(e.Members) == 1 {
			if dirs := t.boundTo(e); dirs != nil {
				return &UsedError{What: fmt.Sprintf("mirror entry %d, of which this is the last member,", id), Dirs: dirs}
			}
		}
		if err := t.exec(`DELETE FROM ftp_mirrors WHERE id = ? AND alias = ?`, id, []byte(alias)); err != nil {
			return err
		}
		for _, other := range e.Members {
			if m.Default && other != m {
				return t.setDefault(id, other.path())
			}
		}
		return nil
	})
}

// boundTo returns the directories that are bound to an entry.
func (v *View) boundTo(e *Entry) []mirror.Path {
	var dirs []mirror.Path
	for _, b := range v.Bindings() {
		if b.Entry == e {
			dirs = append(dirs, b.Dir)
		}
	}
	return dirs
}
