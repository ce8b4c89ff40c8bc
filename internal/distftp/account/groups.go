package account

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Group returns a group and the names of its members, sorted, or [ErrNoGroup].
func (s *Store) Group(ctx context.Context, name string) (g Group, members []string, err error) {
	err = s.db.Read(ctx, "read group "+name, func(tx *sqlx.Tx) (err error) {
		if g, err = group(ctx, tx, name, ""); err != nil {
			return err
		}
		members, err = membersOf(ctx, tx, name)
		return err
	})
	return g, members, err
}

// Groups returns all groups, sorted by name.
func (s *Store) Groups(ctx context.Context) ([]Group, error) {
	var all []Group
	err := s.db.Read(ctx, "read groups", func(tx *sqlx.Tx) error {
		var rows []common
		if err := tx.SelectContext(ctx, &rows, selectGroups+` ORDER BY name`); err != nil {
			return err
		}
		all = make([]Group, len(rows))
		for i := range rows {
			var err error
			if all[i], err = rows[i].group(); err != nil {
				return err
			}
		}
		return nil
	})
	return all, err
}

// GroupsOf returns the groups that a user is in, in its order.
func (s *Store) GroupsOf(ctx context.Context, u User) ([]Group, error) {
	if len(u.Groups) == 0 {
		return nil, nil
	}
	var all []Group
	err := s.db.Read(ctx, "read groups of user "+u.Name, func(tx *sqlx.Tx) error {
		all = make([]Group, len(u.Groups))
		for i, name := range u.Groups {
			var err error
			if all[i], err = group(ctx, tx, name, ""); err != nil {
				return fmt.Errorf("group %s: %w", name, err)
			}
		}
		return nil
	})
	return all, err
}

// AddGroup adds a group. It returns a [TakenError] if there is one of that name.
func (s *Store) AddGroup(ctx context.Context, g Group) error {
	if err := g.Validate(); err != nil {
		return err
	}
	return s.db.Write(ctx, "add group "+g.Name, func(tx *sqlx.Tx) error {
		_, err := group(ctx, tx, g.Name, s.db.ForUpdate)
		switch {
		case err == nil:
			return &TakenError{What: "group", Name: g.Name}
		case err != ErrNoGroup:
			return err
		}
		_, err = tx.NamedExecContext(ctx, `
			INSERT INTO ftp_groups (name, rules, networks,
				max_bytes, max_files, max_up, max_down, max_sessions, max_address)
			VALUES (:name, :rules, :networks,
				:max_bytes, :max_files, :max_up, :max_down, :max_sessions, :max_address)`,
			commonOf(g.Name, g.Rules, g.Networks, g.Limits),
		)
		return err
	})
}

// ChangeGroup lets change have its way with a group, and keeps the result. It may be
// called more than once, and must not change the name. It returns [ErrNoGroup] if there
// is none.
func (s *Store) ChangeGroup(ctx context.Context, name string, change func(g *Group) error) error {
	return s.db.Write(ctx, "change group "+name, func(tx *sqlx.Tx) error {
		g, err := group(ctx, tx, name, s.db.ForUpdate)
		if err != nil {
			return err
		}
		if err := change(&g); err != nil {
			return err
		}
		if err := g.Validate(); err != nil {
			return err
		}
		_, err = tx.NamedExecContext(ctx, `
			UPDATE ftp_groups
			SET rules = :rules, networks = :networks,
				max_bytes = :max_bytes, max_files = :max_files, max_up = :max_up, max_down = :max_down,
				max_sessions = :max_sessions, max_address = :max_address
			WHERE name = :name`,
			commonOf(g.Name, g.Rules, g.Networks, g.Limits),
		)
		return err
	})
}

// RemoveGroup removes a group that has no members; else it returns a [MembersError], as
// users without its rules may do other things than before. It returns [ErrNoGroup] if
// there is none.
func (s *Store) RemoveGroup(ctx context.Context, name string) error {
	return s.db.Write(ctx, "remove group "+name, func(tx *sqlx.Tx) error {
		// Whoever becomes a member takes the same lock first.
		if _, err := group(ctx, tx, name, s.db.ForUpdate); err != nil {
			return err
		}
		members, err := membersOf(ctx, tx, name)
		if err != nil {
			return err
		}
		if len(members) > 0 {
			return &MembersError{Group: name, Members: members}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM ftp_groups WHERE name = ?`, name)
		return err
	})
}

const selectGroups = `
	SELECT
		name,
		rules,
		networks,
		max_bytes,
		max_files,
		max_up,
		max_down,
		max_sessions,
		max_address
	FROM ftp_groups`

func group(ctx context.Context, tx *sqlx.Tx, name, locked string) (Group, error) {
	if validName("group", name) != nil {
		return Group{}, ErrNoGroup // the database may take it for another
	}
	var rows []common
	if err := tx.SelectContext(ctx, &rows, selectGroups+` WHERE name = ? `+locked, name); err != nil {
		return Group{}, err
	}
	if len(rows) == 0 {
		return Group{}, ErrNoGroup
	}
	return rows[0].group()
}

func (c *common) group() (Group, error) {
	rules, networks, err := c.read()
	return Group{Name: c.Name, Rules: rules, Networks: networks, Limits: c.limits()}, err
}

func membersOf(ctx context.Context, tx *sqlx.Tx, name string) (members []string, err error) {
	err = tx.SelectContext(ctx, &members, `
		SELECT user_name
		FROM ftp_members
		WHERE group_name = ?
		ORDER BY user_name`,
		name)
	return members, err
}
