// Package digest turns what a directory holds into the three values by which
// the tracker knows it. All of them are computed from plain text, one line for
// each entry, lines sorted by the raw bytes of the name:
//
//	blind    MD5 of  "f SIZE NAME\n"       "d BLIND NAME\n"
//	exact    MD5 of  "f SIZE DATE NAME\n"  "d EXACT NAME\n"
//	identity SHA-256 of  "f SIZE DATE NAME\n"  "d IDENTITY NAME\n"  "l NAME\0TARGET\n"
//
// A digest vouches for a complete directory and is absent (the zero [Sum])
// where anything below is unknown; the identity always exists, for an
// incomplete directory begins with a line "! REASON\n". The formats are fixed:
// docs/digest-v1.md and docs/tree-v1.md have every rule, and
// testdata/digest-v1-vectors.json has worked examples.
//
// Use it in three steps: [Clean] the entries of a listing, find out what each
// of its directories amounts to (their [Summary]), and let a [Digester] make
// the [Tree].
//
// The package is pure: it reads no clock, no disk and no network.
package digest
