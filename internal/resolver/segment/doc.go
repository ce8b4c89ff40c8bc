// Package segment keeps very many directory trees in files that are mapped into
// memory: compact, free of pointers, never changed. It is what an index of a
// redirector is made of.
package segment
