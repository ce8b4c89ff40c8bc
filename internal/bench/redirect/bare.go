package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// bareCommand is the server that ours is compared with most: a chi router with one
// handler, which redirects everybody to one place and knows nothing.
type bareCommand struct{}

// Run serves, and prints where.
func (bareCommand) Run(p *program) error {
	mux := chi.NewRouter()
	mux.Get("/*", func(w http.ResponseWriter, req *http.Request) {
		http.Redirect(w, req, "https://mirror042.example/pub/linux/debian/pool/main/b/bash-1a/bash-1a_4.2.0-1_amd64.deb", http.StatusFound)
	})
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Stdout, "listening on http://%s/\n", ln.Addr())
	if err := p.Flush(); err != nil {
		return err
	}
	context.AfterFunc(p, func() { ln.Close() })
	if err := http.Serve(ln, mux); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
