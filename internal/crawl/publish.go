package crawl

import (
	"context"
	"errors"

	"mirrortracker/internal/store"
)

// settle publishes what a crawl found, or sets it aside and returns a [*SuspectError].
// A database that is away for a while is waited for, and a crawl that has come so far
// is not interrupted any more.
func (j *Job) settle(ctx context.Context, holder *holder, found store.Snapshot, gaps string) (store.Snapshot, error) {
	ctx, cancel := outlast(ctx)
	defer cancel()
	var before []store.Snapshot
	var aside *store.Suspect
	err := insist(ctx, j.Log, "snapshots are not read", func(ctx context.Context) (err error) {
		if before, err = j.Store.History(ctx, found.Site, remembered); err != nil {
			return err
		}
		aside, err = j.aside(ctx)
		return err
	})
	if err != nil {
		return store.Snapshot{}, err
	}
	why := doubtful(found, before, aside, j.Suspect)
	if why == "" {
		return j.publish(ctx, holder, found, before)
	}
	if gaps != "" {
		why += "; " + gaps
	}
	suspect := &SuspectError{}
	err = insist(ctx, j.Log, "suspect is not set aside", func(ctx context.Context) (err error) {
		suspect.Suspect, err = j.Store.SetAside(ctx, holder.lease(), found, why)
		return err
	})
	if err != nil {
		return store.Snapshot{}, err
	}
	return store.Snapshot{}, suspect
}

// aside returns what is set aside of the site; nil if nothing is.
func (j *Job) aside(ctx context.Context) (*store.Suspect, error) {
	suspect, err := j.Store.Suspect(ctx, j.Site.ID())
	if errors.Is(err, store.ErrNoSuspect) {
		return nil, nil
	}
	return &suspect, err
}

// publish publishes a snapshot, once: where the database went away in the middle, it
// is asked whether it had done it.
func (j *Job) publish(ctx context.Context, holder *holder, found store.Snapshot, before []store.Snapshot) (published store.Snapshot, err error) {
	again := false
	err = insist(ctx, j.Log, "snapshot is not published", func(ctx context.Context) (err error) {
		if again {
			if published, err = j.published(ctx, found, before); err != nil || published.Seq > 0 {
				return err
			}
		}
		again = true
		published, err = j.Store.Publish(ctx, holder.lease(), found)
		return err
	})
	return published, err
}

// published returns a snapshot as it was published since there were those before; its
// Seq is 0 if it was not.
func (j *Job) published(ctx context.Context, found store.Snapshot, before []store.Snapshot) (store.Snapshot, error) {
	history, err := j.Store.History(ctx, found.Site, 1)
	if err != nil || len(history) == 0 || len(before) > 0 && history[0].Seq == before[0].Seq {
		return store.Snapshot{}, err
	}
	if last := history[0]; last.Root == found.Root && last.Started.Unix() == found.Started.Unix() {
		return last, nil
	}
	return store.Snapshot{}, nil
}
