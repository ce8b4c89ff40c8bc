package catalogue

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"mirrortracker/internal/distftp/data"
	"mirrortracker/internal/distftp/vfs"
	"mirrortracker/internal/distftp/wire"
	"mirrortracker/internal/mirror"
)

var errUnfinished = errors.New("not there yet")

type Catalogue struct{ Config }
type Side struct{}

func Open(ctx context.Context, config Config) (*Catalogue, error) { return nil, errUnfinished }
func (c *Catalogue) Run(ctx context.Context) error                { return errUnfinished }

func (c *Catalogue) Lstat(ctx context.Context, p mirror.Path) (vfs.Entry, error) {
	return vfs.Entry{}, errUnfinished
}
func (c *Catalogue) Stat(ctx context.Context, p mirror.Path) (vfs.Entry, error) {
	return vfs.Entry{}, errUnfinished
}
func (c *Catalogue) OpenDir(ctx context.Context, p mirror.Path) (vfs.Dir, error) {
	return nil, errUnfinished
}
func (c *Catalogue) Remove(ctx context.Context, p mirror.Path) (vfs.Usage, error) {
	return vfs.Usage{}, errUnfinished
}
func (c *Catalogue) RemoveDir(ctx context.Context, p mirror.Path) error { return errUnfinished }
func (c *Catalogue) MakeDir(ctx context.Context, p mirror.Path) error   { return errUnfinished }
func (c *Catalogue) Rename(ctx context.Context, from, to mirror.Path) (vfs.Usage, error) {
	return vfs.Usage{}, errUnfinished
}
func (c *Catalogue) SetMode(ctx context.Context, p mirror.Path, mode fs.FileMode) error {
	return errUnfinished
}
func (c *Catalogue) SetTime(ctx context.Context, p mirror.Path, modified time.Time) error {
	return errUnfinished
}
func (c *Catalogue) Symlink(ctx context.Context, target string, p mirror.Path) error {
	return errUnfinished
}
func (c *Catalogue) Copy(ctx context.Context, from, to mirror.Path, flow *data.Flow, charge data.Charge) error {
	return errUnfinished
}
func (c *Catalogue) Free(ctx context.Context, p mirror.Path) (int64, error) { return 0, errUnfinished }

func (c *Catalogue) File(ctx context.Context, p mirror.Path) (File, error) {
	return File{}, errUnfinished
}
func (c *Catalogue) Forget() {}
func (c *Catalogue) Target(ctx context.Context, p mirror.Path) (Target, error) {
	return Target{}, errUnfinished
}
func (c *Catalogue) Op(ctx context.Context) (uint64, error)     { return 0, errUnfinished }
func (c *Catalogue) Drew(op uint64) bool                        { return false }
func (c *Catalogue) Oldest(ctx context.Context) (uint64, error) { return 0, errUnfinished }
func (c *Catalogue) Commit(ctx context.Context, a Arrival, charge data.Charge) (Committed, error) {
	return Committed{}, errUnfinished
}
func (c *Catalogue) Intents(ctx context.Context, slave SlaveID, after uint64, most int) ([]wire.Intent, error) {
	return nil, errUnfinished
}
func (c *Catalogue) Wake(slave SlaveID) <-chan struct{} { return nil }
func (c *Catalogue) Applied(ctx context.Context, slave SlaveID, seq uint64) error {
	return errUnfinished
}
func (c *Catalogue) Last(slave SlaveID) uint64                   { return 0 }
func (c *Catalogue) Slaves(ctx context.Context) ([]Slave, error) { return nil, errUnfinished }
func (c *Catalogue) Slave(ctx context.Context, name string) (Slave, error) {
	return Slave{}, errUnfinished
}
func (c *Catalogue) AddSlave(ctx context.Context, name string) (Slave, error) {
	return Slave{}, errUnfinished
}
func (c *Catalogue) RemoveSlave(ctx context.Context, slave SlaveID) error { return errUnfinished }
func (c *Catalogue) Bind(ctx context.Context, slave SlaveID, storage string) error {
	return errUnfinished
}
func (c *Catalogue) Report(ctx context.Context, slave SlaveID, s wire.State) error {
	return errUnfinished
}
func (c *Catalogue) SetDrain(ctx context.Context, slave SlaveID, drain bool) error {
	return errUnfinished
}
func (c *Catalogue) SetTrusted(ctx context.Context, slave SlaveID, yes bool) error {
	return errUnfinished
}
func (c *Catalogue) InSync(ctx context.Context, slave SlaveID, applied uint64, digest wire.SyncDigest) error {
	return errUnfinished
}
func (c *Catalogue) Side(ctx context.Context, slave SlaveID) (*Side, error) {
	return nil, errUnfinished
}
func (s *Side) Root() wire.SyncDigest                            { return wire.SyncDigest{} }
func (s *Side) Below(dir mirror.Path) map[string]wire.SyncDigest { return nil }
func (c *Catalogue) Reconcile(ctx context.Context, slave SlaveID, dir mirror.Path, applied uint64, list []wire.Entry) (Reconciled, error) {
	return Reconciled{}, errUnfinished
}
func (c *Catalogue) AddCopy(ctx context.Context, slave SlaveID, node uint64, ref wire.Ref, p wire.Prepared) (uint64, error) {
	return 0, errUnfinished
}
func (c *Catalogue) DropCopy(ctx context.Context, slave SlaveID, node, version uint64, least int) (bool, error) {
	return false, errUnfinished
}
func (c *Catalogue) LoseCopy(ctx context.Context, slave SlaveID, node, version uint64) error {
	return errUnfinished
}
func (c *Catalogue) Node(ctx context.Context, id uint64) (File, error) { return File{}, errUnfinished }
func (c *Catalogue) Held(ctx context.Context, slave SlaveID, after uint64, most int) ([]File, error) {
	return nil, errUnfinished
}
func (c *Catalogue) Files(ctx context.Context, after uint64, most int) ([]File, error) {
	return nil, errUnfinished
}
func (c *Catalogue) AddJobs(ctx context.Context, jobs []Job) error { return errUnfinished }
func (c *Catalogue) ClaimJobs(ctx context.Context, kind string, most int, ttl time.Duration) ([]Job, error) {
	return nil, errUnfinished
}
func (c *Catalogue) RenewJob(ctx context.Context, j Job, ttl time.Duration) error {
	return errUnfinished
}
func (c *Catalogue) FinishJob(ctx context.Context, j Job) error { return errUnfinished }
func (c *Catalogue) RetryJob(ctx context.Context, j Job, wait time.Duration, note string) error {
	return errUnfinished
}
func (c *Catalogue) HastenJobs(ctx context.Context, kind string) error { return errUnfinished }
func (c *Catalogue) Jobs(ctx context.Context, most int) ([]Job, error) { return nil, errUnfinished }
func (c *Catalogue) CountJobs(ctx context.Context) (map[string]int64, error) {
	return nil, errUnfinished
}
func (c *Catalogue) Masters(ctx context.Context) ([]Master, error) { return nil, errUnfinished }
