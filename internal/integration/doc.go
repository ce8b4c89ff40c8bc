// Package integration holds tests that answer one question each with real
// programs: servers from other hands, both databases, our own programs killed in
// the middle. It has no code of its own.
package integration
