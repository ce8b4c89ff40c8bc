package store

import (
	"context"
	"fmt"
)

// Size returns how many bytes the database takes, its tables and indexes
// together, without what it keeps for itself (logs, room to grow). On MySQL
// it is the server's estimate.
func (s *Store) Size(ctx context.Context) (bytes int64, err error) {
	if err := s.ro.GetContext(ctx, &bytes, s.dialect.size); err != nil {
		return 0, fmt.Errorf("read the database's size: %w", err)
	}
	return bytes, nil
}
