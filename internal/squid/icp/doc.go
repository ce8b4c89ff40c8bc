// Package icp is the Internet Cache Protocol, version 2 (RFC 2186), and a responder
// that tells caches what the tracker knows a replica of (RFC 2187).
//
// A [Responder] answers from memory, never measures, never sends an object, and never
// sends more bytes than it was sent.
package icp
