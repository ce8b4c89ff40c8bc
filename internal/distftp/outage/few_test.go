//go:build !chaos

package outage

// How often somebody is killed, with each kind of database.
const rounds = 25
