package catalogue

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// A Job is something to be done by any of the masters, once.
type Job struct {
	ID      uint64
	Kind    string
	Node    uint64  // what it is about, or 0
	Slave   SlaveID // likewise
	Detail  []byte
	Tries   int       // that failed
	Due     time.Time // not before
	Note    string    // what became of the last try
	Running bool      // a master does it now

	asked int64 // when it was claimed
}

// The kinds of jobs that come from changes of names.
const (
	SettleJob = "settle" // Node has changed: look at its copies
	SweepJob  = "sweep"  // a directory was renamed: look at all files
)

// AddJobs adds jobs. One of the same kind, about the same, that is there already becomes
// due; if it is being done it will be done again.
func (c *Catalogue) AddJobs(ctx context.Context, jobs []Job) error {
	return c.change(ctx, "add jobs", func(t *change) error {
		t.jobs = append(t.jobs, jobs...)
		return nil
	})
}

// writeJobs writes the jobs that changes have added.
func (b *batch) writeJobs() error {
	for _, j := range b.jobs {
		due := any(j.Due.UnixMilli())
		if j.Due.IsZero() {
			due = 0
		}
		updated, err := b.tx.ExecContext(b.ctx, `
			UPDATE ftp_jobs
			SET asked = asked + 1, due_at = ?
			WHERE kind = ? AND node = ? AND slave = ?`,
			due, j.Kind, j.Node, j.Slave)
		if err != nil {
			return err
		}
		if n, err := updated.RowsAffected(); err != nil || n > 0 {
			if err != nil {
				return err
			}
			continue
		}
		err = b.exec(`
			INSERT INTO ftp_jobs (id, kind, node, slave, detail, asked, tries, due_at, owner, lease_until, note)
			VALUES (?, ?, ?, ?, ?, 1, 0, ?, 0, 0, '')`,
			b.next(), j.Kind, j.Node, j.Slave, notNil(j.Detail), due)
		if err != nil {
			return err
		}
	}
	return nil
}

// A jobRow is a job as the database has it.
type jobRow struct {
	ID     uint64  `db:"id"`
	Kind   string  `db:"kind"`
	Node   uint64  `db:"node"`
	Slave  SlaveID `db:"slave"`
	Detail []byte  `db:"detail"`
	Asked  int64   `db:"asked"`
	Tries  int     `db:"tries"`
	Due    int64   `db:"due_at"`
	Lease  int64   `db:"lease_until"`
	Now    int64   `db:"now_ms"`
	Note   string  `db:"note"`
}

func (c *Catalogue) selectJobs() string {
	return `SELECT id, kind, node, slave, detail, asked, tries, due_at, lease_until, ` + c.db.Now + ` AS now_ms, note FROM ftp_jobs `
}

func (r jobRow) job() Job {
	return Job{
		ID: r.ID, Kind: r.Kind, Node: r.Node, Slave: r.Slave, Detail: r.Detail, Tries: r.Tries,
		Due: fromMilli(r.Due), Note: r.Note, Running: r.Lease > r.Now, asked: r.Asked,
	}
}

// ClaimJobs takes jobs that are due and that nobody does, for this master and for a time,
// in which they must be finished or the claim be renewed.
func (c *Catalogue) ClaimJobs(ctx context.Context, kind string, most int, ttl time.Duration) ([]Job, error) {
	var claimed []Job
	err := c.db.Write(ctx, "claim jobs", func(tx *sqlx.Tx) error {
		claimed = nil
		var rows []jobRow
		err := tx.SelectContext(ctx, &rows, c.selectJobs()+`
			WHERE kind = ? AND due_at <= `+c.db.Now+` AND lease_until <= `+c.db.Now+`
			ORDER BY due_at
			LIMIT ? `+c.db.ForUpdate,
			kind, most)
		if err != nil {
			return err
		}
		for _, r := range rows {
			_, err := tx.ExecContext(ctx, `UPDATE ftp_jobs SET owner = ?, lease_until = `+c.db.Now+` + ? WHERE id = ?`, c.id.Load(), ttl.Milliseconds(), r.ID)
			if err != nil {
				return err
			}
			j := r.job()
			j.Running = true
			claimed = append(claimed, j)
		}
		return nil
	})
	return claimed, err
}

// RenewJob prolongs the claim. It returns [ErrLease] if it was lost.
func (c *Catalogue) RenewJob(ctx context.Context, j Job, ttl time.Duration) error {
	return c.ours(ctx, "renew job", j, `UPDATE ftp_jobs SET lease_until = `+c.db.Now+` + ?`, ttl.Milliseconds())
}

// FinishJob removes a job that is done, unless it was asked for again meanwhile: then it
// is due.
func (c *Catalogue) FinishJob(ctx context.Context, j Job) error {
	return c.db.Write(ctx, "finish job", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM ftp_jobs WHERE id = ? AND owner = ? AND asked = ?`, j.ID, c.id.Load(), j.asked)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE ftp_jobs SET owner = 0, lease_until = 0, tries = 0 WHERE id = ? AND owner = ?`, j.ID, c.id.Load())
		return err
	})
}

// RetryJob gives a job back that has failed, to be tried again after a while.
func (c *Catalogue) RetryJob(ctx context.Context, j Job, wait time.Duration, note string) error {
	return c.ours(ctx, "put job back", j, `
		UPDATE ftp_jobs
		SET owner = 0, lease_until = 0, tries = tries + 1, due_at = `+c.db.Now+` + ?, note = ?`,
		wait.Milliseconds(), note)
}

// ours changes a job that is still claimed by this master.
func (c *Catalogue) ours(ctx context.Context, op string, j Job, update string, args ...any) error {
	return c.db.Write(ctx, op, func(tx *sqlx.Tx) error {
		var one int
		err := tx.GetContext(ctx, &one, `SELECT 1 FROM ftp_jobs WHERE id = ? AND owner = ? `+c.db.ForUpdate, j.ID, c.id.Load())
		if errors.Is(err, sql.ErrNoRows) {
			return ErrLease
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, update+` WHERE id = ?`, append(args, j.ID)...)
		}
		return err
	})
}

// HastenJobs has all jobs of a kind be due now.
func (c *Catalogue) HastenJobs(ctx context.Context, kind string) error {
	return c.execute(ctx, "hasten jobs", `UPDATE ftp_jobs SET due_at = 0 WHERE kind = ?`, kind)
}

// Jobs returns jobs, for people: those that are due first come first.
func (c *Catalogue) Jobs(ctx context.Context, most int) ([]Job, error) {
	return c.readJobs(ctx, `ORDER BY due_at, id LIMIT ?`, most)
}

// JobsAbout returns the jobs of a kind that are about one thing, for people.
func (c *Catalogue) JobsAbout(ctx context.Context, kind string, node uint64) ([]Job, error) {
	return c.readJobs(ctx, `WHERE kind = ? AND node = ? ORDER BY slave`, kind, node)
}

func (c *Catalogue) readJobs(ctx context.Context, where string, args ...any) ([]Job, error) {
	var rows []jobRow
	if err := c.db.Reader().SelectContext(ctx, &rows, c.selectJobs()+where, args...); err != nil {
		return nil, fmt.Errorf("read jobs: %w", err)
	}
	jobs := make([]Job, len(rows))
	for i, r := range rows {
		jobs[i] = r.job()
	}
	return jobs, nil
}

// CountJobs returns how many jobs there are of each kind.
func (c *Catalogue) CountJobs(ctx context.Context) (map[string]int64, error) {
	var rows []struct {
		Kind  string `db:"kind"`
		Count int64  `db:"jobs"`
	}
	if err := c.db.Reader().SelectContext(ctx, &rows, `SELECT kind, COUNT(*) AS jobs FROM ftp_jobs GROUP BY kind`); err != nil {
		return nil, fmt.Errorf("count jobs: %w", err)
	}
	counts := map[string]int64{}
	for _, r := range rows {
		counts[r.Kind] = r.Count
	}
	return counts, nil
}
