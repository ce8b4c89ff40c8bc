package auto

import (
	"context"
	"time"
)

const (
	settle = 200 * time.Millisecond // after a change: others follow soon
	beat   = time.Second            // how often it is looked whether a reading is due
	again  = 30 * time.Second       // after one that failed
)

// survey reads our own directories, one at a time, when they have changed and when it is
// due, until ctx ends.
func (f *Finder) survey(ctx context.Context) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		next := beat
		for _, b := range *f.bound.Load() {
			if b.survey == nil {
				continue
			}
			before, read := b.amount()
			begun := time.Now()
			done, err := b.reread(ctx, f.config.Digests)
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				f.config.Log.Warn("a mirrored directory cannot be read; what was known of it holds", "directory", b.Dir, "err", err, "again_in", again.String())
				next = again
			case done && read.IsZero():
				now, _ := b.amount()
				f.config.Log.Info("mirrored directory read", "directory", b.Dir, "files", now.Files, "bytes", now.Bytes, "exact", now.Exact.String(), "blind", now.Blind.String(), "took", time.Since(begun).Round(time.Millisecond).String())
			case done:
				if now, _ := b.amount(); now.Exact != before.Exact || now.Blind != before.Blind {
					f.config.Log.Info("mirrored directory has changed", "directory", b.Dir, "files", now.Files, "bytes", now.Bytes, "exact", now.Exact.String(), "blind", now.Blind.String())
				}
			}
		}
		wait.Reset(next)
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		case <-f.news:
			select {
			case <-ctx.Done():
				return
			case <-time.After(settle):
			}
		}
	}
}
