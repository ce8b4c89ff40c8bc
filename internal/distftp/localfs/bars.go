package localfs

import (
	"os"
	"slices"
	"syscall"

	"mirrortracker/internal/distftp/vfs"
)

// A process is whom the modes of files speak of.
type process struct {
	user   int
	groups []uint32
}

// us is this process. It does not change its user later on.
var us = ourselves()

func ourselves() process {
	p := process{user: os.Geteuid(), groups: []uint32{uint32(os.Getegid())}}
	others, err := os.Getgroups()
	if err != nil {
		return p // without them some things seem impossible that are not
	}
	for _, g := range others {
		p.groups = append(p.groups, uint32(g))
	}
	return p
}

// bars says what a file's mode keeps the process from. Finer means, such as lists of
// access rights, show when something is tried.
func (p process) bars(file *syscall.Stat_t) vfs.Bars {
	mode := file.Mode
	switch {
	case p.user == 0:
		return 0
	case uint32(p.user) == file.Uid:
		mode >>= 6
	case slices.Contains(p.groups, file.Gid):
		mode >>= 3
	}
	var bars vfs.Bars
	if mode&4 == 0 {
		bars |= vfs.NoRead
	}
	if mode&2 == 0 {
		bars |= vfs.NoWrite
	}
	if mode&1 == 0 {
		bars |= vfs.NoSearch
	}
	return bars
}
