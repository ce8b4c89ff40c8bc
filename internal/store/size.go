package store

import (
	"context"
	"fmt"
)

// Size returns how many bytes the database takes, its tables and indexes
// together, without what it keeps for itself (logs, room to grow).
func (s *Store) Size(ctx context.Context) (bytes int64, err error) {
	if s.dialect.count != "" {
		if _, err := s.rw.ExecContext(ctx, s.dialect.count); err != nil {
			return 0, fmt.Errorf("count the database's bytes: %w", err)
		}
	}
	if err := s.ro.GetContext(ctx, &bytes, s.dialect.size); err != nil {
		return 0, fmt.Errorf("read the database's size: %w", err)
	}
	return bytes, nil
}
