package main

import (
	"context"

	"mirrortracker/internal/crawl"
)

// An unready source is a site to which nobody can connect, because something that its
// settings name cannot be read. Its crawl takes its usual course, so that the failure
// is recorded, and the site is left alone for longer with each one.
type unready struct {
	crawl.Source
	why error
}

// Open implements [crawl.Source].
func (u unready) Open(context.Context) (crawl.Lister, error) { return nil, u.why }
