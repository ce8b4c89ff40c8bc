package health

import (
	"context"
	"time"

	"mirrortracker/internal/mirror"
)

// Recorded returns a board that shows what checkers, in whatever process, have recorded of
// the URLs of sites lately. Of what they have not confirmed for a while nothing is known.
func Recorded(ctx context.Context, records Records, sites []mirror.Site) (*Board, error) {
	found, err := records.Health(ctx)
	if err != nil {
		return nil, err
	}
	states, now := map[record]State{}, time.Now()
	for _, h := range found {
		for _, f := range Families {
			if f.String() == h.Family && now.Sub(h.Checked) <= recallFor {
				states[record{h.Site, h.URL, f}] = ParseState(h.State)
			}
		}
	}
	pairs := map[mirror.URL]Pair{}
	for i := range sites {
		id := sites[i].ID()
		for u := range bases(&sites[i]) {
			if _, twice := pairs[*u]; twice {
				continue // it is the other site's, as in a ledger
			}
			text := u.String()
			pairs[*u] = Pair{states[record{id, text, IPv4}], states[record{id, text, IPv6}]}
		}
	}
	board := &Board{}
	board.show(pairs)
	return board, nil
}
