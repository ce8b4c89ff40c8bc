package store

import (
	"context"
	"fmt"
)

// Size returns how many bytes the database takes, its tables and indexes
// together, without what it keeps for itself (logs, room to grow).
func (s *Store) Size(ctx context.Context) (bytes int64, err error) {
	err = s.db.use(ctx, func(p pools) error {
		if s.dialect.count != "" {
			if _, err := p.rw.ExecContext(ctx, s.dialect.count); err != nil {
				return fmt.Errorf("count its bytes: %w", err)
			}
		}
		return p.ro.GetContext(ctx, &bytes, s.dialect.size)
	})
	if err != nil {
		return 0, fmt.Errorf("read the database's size: %w", err)
	}
	return bytes, nil
}
