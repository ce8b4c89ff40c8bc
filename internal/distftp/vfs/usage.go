package vfs

// Usage is what plain files take, as quotas count it. Links and directories take
// nothing.
type Usage struct {
	Bytes int64
	Files int64
}

// Less returns what u is more than v.
func (u Usage) Less(v Usage) Usage { return Usage{u.Bytes - v.Bytes, u.Files - v.Files} }

// Negative returns what is gone where u is stored, and the reverse.
func (u Usage) Negative() Usage { return Usage{}.Less(u) }
