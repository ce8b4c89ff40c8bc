package copies

import (
	"context"
	"time"

	"mirrortracker/internal/distftp/catalogue"
)

// page is how many files are looked at in one step.
const page = 1000

// sweep looks at all files, or all that a slave holds, and asks for those to be settled
// that are not as they should be. It takes no more than half of the time, so that
// clients are served meanwhile.
func (r *Runner) sweep(ctx context.Context, job catalogue.Job) error {
	began, looked, open, short := time.Now(), 0, 0, int64(0)
	for after := uint64(0); ; {
		step := time.Now()
		files, err := r.files(ctx, job.Slave, after)
		if err != nil {
			return err
		}
		if len(files) == 0 {
			break
		}
		v := r.view.Load()
		var jobs []catalogue.Job
		for i := range files {
			switch d := v.decide(&files[i]); {
			case d.Settled():
			case d.Lacks != "":
				short++
			default:
				jobs = append(jobs, catalogue.Job{Kind: catalogue.SettleJob, Node: files[i].Node})
			}
		}
		if len(jobs) > 0 {
			if err := r.Catalogue.AddJobs(ctx, jobs); err != nil {
				return err
			}
			r.Wake()
		}
		looked, open, after = looked+len(files), open+len(jobs), files[len(files)-1].Node
		if err := sleep(ctx, time.Since(step)); err != nil {
			return err
		}
	}
	if job.Slave == 0 {
		r.Counts.Short.Store(short)
	} else {
		r.Counts.Short.Add(short)
	}
	log := r.Log.Debug
	if open > 0 || short > 0 {
		log = r.Log.Info
	}
	log("files looked at", "slave", r.view.Load().names[job.Slave], "files", looked, "to_settle", open, "too_few_copies", short, "took", time.Since(began).Round(time.Millisecond))
	return nil
}

// files returns the next page of all files, or of those of a slave.
func (r *Runner) files(ctx context.Context, slave catalogue.SlaveID, after uint64) ([]catalogue.File, error) {
	if slave == 0 {
		return r.Catalogue.Files(ctx, after, page)
	}
	return r.Catalogue.Held(ctx, slave, after, page)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
