package health

import "context"

// Records keep what was found beyond the process. The store has them.
type Records interface {
	Close(ctx context.Context) error
}
