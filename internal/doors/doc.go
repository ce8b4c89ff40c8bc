// Package doors is where programs are asked by HTTP: listeners, with TLS or without, and
// servers that end without breaking off an answer.
package doors
