package health

import (
	"context"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

// Recorded returns a board that shows what checkers, in whatever process, have recorded of
// the URLs of sites lately. Of what they have not confirmed for a while nothing is known.
func Recorded(ctx context.Context, records Records, sites []mirror.Site) (*Board, error) {
	found, err := records.Health(ctx)
	if err != nil {
		return nil, err
	}
	states, now := map[record]store.Health{}, time.Now()
	for _, h := range found {
		for _, f := range Families {
			if f.String() == h.Family && now.Sub(h.Checked) <= recallFor {
				states[record{h.Site, h.URL, f}] = h
			}
		}
	}
	pairs, reasons := map[mirror.URL]Pair{}, map[key]string{}
	for i := range sites {
		id := sites[i].ID()
		for u := range bases(&sites[i]) {
			if _, twice := pairs[*u]; twice {
				continue // it is the other site's, as in a ledger
			}
			text := u.String()
			var pair Pair
			for _, f := range Families {
				h := states[record{id, text, f}]
				if pair[f] = ParseState(h.State); pair[f] == Down {
					reasons[key{*u, f}] = h.Reason
				}
			}
			pairs[*u] = pair
		}
	}
	board := &Board{}
	board.show(pairs, reasons)
	return board, nil
}
