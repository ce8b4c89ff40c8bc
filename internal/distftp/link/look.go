package link

import (
	"context"
	"errors"
	"slices"
	"time"

	"mirrortracker/internal/distftp/authority"
	"mirrortracker/internal/distftp/identity"
)

// greet tells a slave that it is let in, and what is to be renewed: its certificate when
// that is due, and the masters where they are others than those told before. It returns
// those it knows now.
func (s *Server) greet(ctx context.Context, l *Link, told []string) ([]string, error) {
	g := greeting{Master: s.Identity.Name()}
	cert, err := s.Authority.Renew(ctx, l.cert)
	if err != nil {
		return told, err
	}
	masters, err := s.doors(ctx)
	if err != nil {
		return told, err
	}
	if cert != nil || !slices.Equal(masters, told) {
		g.Renewed = &identity.Papers{Certificate: cert, Masters: masters}
	}
	if g.Renewed == nil && told != nil {
		return told, nil
	}
	if err := tell(ctx, l.asking, pathGreeting, g); err != nil {
		return told, err
	}
	return masters, nil
}

// tend keeps up what is the master's own: that it is found, and its certificate.
func (s *Server) tend(ctx context.Context) {
	for {
		_, err := s.doors(ctx)
		if err == nil {
			err = s.Authority.RenewMaster(s.Identity)
		}
		pause := tendAgain
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("tend the door for slaves", "err", err)
			pause = lookAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// look sees from time to time whether a slave is still one, and whether there is something
// to renew.
func (s *Server) look(ctx context.Context, l *Link, masters []string) {
	tick := time.NewTicker(s.again)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, err := s.Authority.Check(ctx, l.cert)
		switch {
		case errors.Is(err, authority.ErrRevoked), errors.Is(err, authority.ErrReplaced):
			l.Close(err)
			return
		case err == nil:
			masters, err = s.greet(ctx, l, masters)
		}
		if err != nil && ctx.Err() == nil {
			s.Log.Warn("look after a slave", "slave", l.Name, "err", err)
		}
	}
}
