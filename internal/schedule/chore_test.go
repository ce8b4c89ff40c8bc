package schedule

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mirrortracker/internal/store"
)

// A chore is done daily, and soon again where it could not be done.
func TestChore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said strings.Builder
		var times []string
		answers := []struct {
			done bool
			err  error
		}{{false, nil}, {false, errors.New("database is away")}, {true, nil}, {false, &store.LeaseHeldError{}}, {true, nil}}
		c := Chore{
			Name: "collect",
			Log:  slog.New(slog.NewTextHandler(&said, nil)),
			Do: func(context.Context) (bool, error) {
				times = append(times, time.Now().UTC().Format("02 15:04"))
				a := answers[len(times)-1]
				return a.done, a.err
			},
		}
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Hour)
		defer cancel()
		c.Run(ctx)
		if want := []string{"01 00:10", "01 00:15", "01 00:20", "02 00:20", "03 00:20"}; !slices.Equal(times, want) {
			t.Errorf("done at %v, want %v", times, want)
		}
		if n := strings.Count(said.String(), "chore is not done"); n != 1 {
			t.Errorf("said %q", said.String())
		}
	})
}
