package account

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// User returns a user, or [ErrNoUser]. [Anonymous] is always there, by all its names.
func (s *Store) User(ctx context.Context, name string) (User, error) {
	var u User
	err := s.db.Read(ctx, "read user "+name, func(tx *sqlx.Tx) (err error) {
		u, _, err = user(ctx, tx, name, "")
		return err
	})
	return u, err
}

// Users returns all users, sorted by name, the built-in one among them.
func (s *Store) Users(ctx context.Context) ([]User, error) {
	var all []User
	err := s.db.Read(ctx, "read users", func(tx *sqlx.Tx) (err error) {
		all, err = users(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	at, there := slices.BinarySearchFunc(all, Anonymous, func(u User, name string) int { return strings.Compare(u.Name, name) })
	if !there {
		all = slices.Insert(all, at, User{Name: Anonymous})
	}
	return all, nil
}

// AddUser adds a user. It returns a [TakenError] if there is one of that name, and
// [ErrNoGroup] if a group is missing. What it has uploaded begins at nothing.
func (s *Store) AddUser(ctx context.Context, u User) error {
	if IsAnonymous(u.Name) {
		return ErrBuiltIn
	}
	if err := u.Validate(); err != nil {
		return err
	}
	return s.db.Write(ctx, "add user "+u.Name, func(tx *sqlx.Tx) error {
		_, there, err := user(ctx, tx, u.Name, s.db.ForUpdate)
		switch {
		case there:
			return &TakenError{What: "user", Name: u.Name}
		case err != ErrNoUser:
			return err
		}
		return s.putUser(ctx, tx, u, false)
	})
}

// ChangeUser lets change have its way with a user, and keeps the result. It may be called
// more than once, and must not change the name. It returns [ErrNoUser] and [ErrNoGroup]
// where one is missing.
func (s *Store) ChangeUser(ctx context.Context, name string, change func(u *User) error) error {
	return s.db.Write(ctx, "change user "+name, func(tx *sqlx.Tx) error {
		u, there, err := user(ctx, tx, name, s.db.ForUpdate)
		if err != nil {
			return err
		}
		if err := change(&u); err != nil {
			return err
		}
		if err := u.Validate(); err != nil {
			return err
		}
		return s.putUser(ctx, tx, u, there)
	})
}

// RemoveUser removes a user, or returns [ErrNoUser]. Sessions that it has go on to their
// end, and its files stay.
func (s *Store) RemoveUser(ctx context.Context, name string) error {
	if IsAnonymous(name) {
		return ErrBuiltIn
	}
	return s.db.Write(ctx, "remove user "+name, func(tx *sqlx.Tx) error {
		if _, _, err := user(ctx, tx, name, s.db.ForUpdate); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM ftp_members WHERE user_name = ?`, name); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM ftp_users WHERE name = ?`, name)
		return err
	})
}

// Charge counts what a user has uploaded, or with numbers below zero what it has deleted.
// It returns a [QuotaError], and counts nothing, if that would be beyond the account's
// limits, and [ErrNoUser] if the user is gone. What is used never goes below zero.
func (s *Store) Charge(ctx context.Context, a *Account, bytes, files int64) error {
	return s.db.Write(ctx, "charge user "+a.Name, func(tx *sqlx.Tx) error {
		u, there, err := user(ctx, tx, a.Name, s.db.ForUpdate)
		switch {
		case err != nil:
			return err
		case !there:
			return nil // the built-in user, of whom nothing is stored, uploads nothing
		case exceeds(u.Used.Bytes, bytes, a.Limits.Bytes), exceeds(u.Used.Files, files, a.Limits.Files):
			return &QuotaError{Name: a.Name, Limits: a.Limits, Used: u.Used}
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE ftp_users
			SET used_bytes = ?, used_files = ?
			WHERE name = ?`,
			max(u.Used.Bytes+bytes, 0), max(u.Used.Files+files, 0), a.Name,
		)
		return err
	})
}

// exceeds reports whether what is used would be beyond a limit with more. Less is always
// possible.
func exceeds(used, more int64, limit Limit) bool {
	return more > 0 && limit > 0 && used > int64(limit)-more
}

// A userRow is a user as the database has it.
type userRow struct {
	common
	Password  string `db:"password"`
	Home      []byte `db:"home"`
	Disabled  bool   `db:"disabled"`
	Expires   int64  `db:"expires_at"`
	UsedBytes int64  `db:"used_bytes"`
	UsedFiles int64  `db:"used_files"`
}

const selectUsers = `
	SELECT
		name,
		password,
		home,
		rules,
		networks,
		disabled,
		expires_at,
		max_bytes,
		max_files,
		max_up,
		max_down,
		max_sessions,
		max_address,
		used_bytes,
		used_files
	FROM ftp_users`

// user reads one user, and whether it is stored; the built-in one need not be.
func user(ctx context.Context, tx *sqlx.Tx, name, locked string) (u User, stored bool, err error) {
	if IsAnonymous(name) {
		name = Anonymous
	}
	if validName("user", name) != nil {
		return User{}, false, ErrNoUser // the database may take it for another
	}
	var rows []userRow
	if err := tx.SelectContext(ctx, &rows, selectUsers+` WHERE name = ? `+locked, name); err != nil {
		return User{}, false, err
	}
	switch {
	case len(rows) > 0:
		var groups []string
		if err := tx.SelectContext(ctx, &groups, `
			SELECT group_name
			FROM ftp_members
			WHERE user_name = ?
			ORDER BY position`,
			name,
		); err != nil {
			return User{}, false, err
		}
		u, err = rows[0].user(groups)
		return u, true, err
	case name == Anonymous:
		return User{Name: Anonymous}, false, nil
	}
	return User{}, false, ErrNoUser
}

// users reads all that are stored, sorted by name.
func users(ctx context.Context, tx *sqlx.Tx) ([]User, error) {
	var rows []userRow
	if err := tx.SelectContext(ctx, &rows, selectUsers+` ORDER BY name`); err != nil {
		return nil, err
	}
	var members []struct {
		User  string `db:"user_name"`
		Group string `db:"group_name"`
	}
	if err := tx.SelectContext(ctx, &members, `
		SELECT
			user_name,
			group_name
		FROM ftp_members
		ORDER BY user_name, position`,
	); err != nil {
		return nil, err
	}
	groups := make(map[string][]string)
	for _, m := range members {
		groups[m.User] = append(groups[m.User], m.Group)
	}
	all := make([]User, len(rows))
	for i := range rows {
		var err error
		if all[i], err = rows[i].user(groups[rows[i].Name]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (r *userRow) user(groups []string) (User, error) {
	rules, networks, err := r.read()
	if err != nil {
		return User{}, err
	}
	return User{
		Name:     r.Name,
		Password: r.Password,
		Home:     mirror.Path(r.Home),
		Groups:   groups,
		Rules:    rules,
		Networks: networks,
		Limits:   r.limits(),
		Disabled: r.Disabled,
		Expires:  fromUnix(r.Expires),
		Used:     Usage{Bytes: r.UsedBytes, Files: r.UsedFiles},
	}, nil
}

// putUser inserts a user, which has used nothing yet, or updates the one that is there.
func (s *Store) putUser(ctx context.Context, tx *sqlx.Tx, u User, there bool) error {
	for _, name := range u.Groups {
		if _, err := group(ctx, tx, name, s.db.ForUpdate); err != nil {
			return fmt.Errorf("group %s: %w", name, err)
		}
	}
	row := userRow{
		common:   commonOf(u.Name, u.Rules, u.Networks, u.Limits),
		Password: u.Password, Home: []byte(u.Home), Disabled: u.Disabled, Expires: toUnix(u.Expires),
		UsedBytes: u.Used.Bytes, UsedFiles: u.Used.Files,
	}
	statement := `
		INSERT INTO ftp_users (name, password, home, rules, networks, disabled, expires_at,
			max_bytes, max_files, max_up, max_down, max_sessions, max_address, used_bytes, used_files)
		VALUES (:name, :password, :home, :rules, :networks, :disabled, :expires_at,
			:max_bytes, :max_files, :max_up, :max_down, :max_sessions, :max_address, 0, 0)`
	if there {
		statement = `
			UPDATE ftp_users
			SET password = :password, home = :home, rules = :rules, networks = :networks,
				disabled = :disabled, expires_at = :expires_at,
				max_bytes = :max_bytes, max_files = :max_files, max_up = :max_up, max_down = :max_down,
				max_sessions = :max_sessions, max_address = :max_address,
				used_bytes = :used_bytes, used_files = :used_files
			WHERE name = :name`
	}
	if _, err := tx.NamedExecContext(ctx, statement, row); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM ftp_members WHERE user_name = ?`, u.Name); err != nil {
		return err
	}
	for i, name := range u.Groups {
		if _, err := tx.ExecContext(ctx, `
			INSERT INTO ftp_members (user_name, position, group_name)
			VALUES (?, ?, ?)`,
			u.Name, i, name,
		); err != nil {
			return err
		}
	}
	return nil
}
