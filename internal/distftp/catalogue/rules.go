package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/distftp/choice"
	"mirrortracker/internal/mirror"
)

// ErrNoRule says that a directory has no rule of its own.
var ErrNoRule = errors.New("no such rule")

// A keeping is what a rule says besides its path.
type keeping struct {
	Copies int      `json:"copies"`
	Only   []string `json:"only,omitempty"`
	Prefer []string `json:"prefer,omitempty"`
	Avoid  []string `json:"avoid,omitempty"`
}

// Rules returns how files are to be kept, by path.
func (c *Catalogue) Rules(ctx context.Context) ([]choice.Rule, error) {
	var rules []choice.Rule
	err := c.db.Read(ctx, "read rules", func(tx *sqlx.Tx) error {
		var rows []struct {
			Path []byte `db:"path"`
			Rule string `db:"rule"`
		}
		if err := tx.SelectContext(ctx, &rows, `SELECT path, rule FROM ftp_rules ORDER BY path`); err != nil {
			return err
		}
		rules = make([]choice.Rule, len(rows))
		for i, row := range rows {
			var k keeping
			if err := json.Unmarshal([]byte(row.Rule), &k); err != nil {
				return fmt.Errorf("rule for %q: %w", row.Path, err)
			}
			rules[i] = choice.Rule{Path: mirror.Path(row.Path), Copies: k.Copies, Only: k.Only, Prefer: k.Prefer, Avoid: k.Avoid}
		}
		return nil
	})
	return rules, err
}

// SetRule makes a rule, in place of the one that the path has.
func (c *Catalogue) SetRule(ctx context.Context, r choice.Rule) error {
	if err := r.Validate(); err != nil {
		return err
	}
	text, err := json.Marshal(keeping{r.Copies, r.Only, r.Prefer, r.Avoid})
	if err != nil {
		return err
	}
	return c.db.Write(ctx, "set rule", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM ftp_rules WHERE path = ?`, []byte(r.Path)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO ftp_rules (path, rule) VALUES (?, ?)`, []byte(r.Path), string(text))
		return err
	})
}

// RemoveRule removes the rule of a path; [ErrNoRule] if it has none.
func (c *Catalogue) RemoveRule(ctx context.Context, p mirror.Path) error {
	return c.db.Write(ctx, "remove rule", func(tx *sqlx.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM ftp_rules WHERE path = ?`, []byte(p))
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return fmt.Errorf("%w: %s", ErrNoRule, p)
	})
}
