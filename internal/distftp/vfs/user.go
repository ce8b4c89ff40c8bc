package vfs

import "context"

type userKey struct{}

// WithUser returns a context for what is done on behalf of a user, whose name is in ASCII
// and without blanks.
func WithUser(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, userKey{}, name)
}

// User returns on whose behalf something is done, "ftp" where that is not known: the owner
// of what comes into being.
func User(ctx context.Context) string {
	if name, ok := ctx.Value(userKey{}).(string); ok {
		return name
	}
	return "ftp"
}
