package localfs

import (
	"syscall"
	"testing"

	"mirrortracker/internal/distftp/vfs"
)

// The owner's bits are for the owner alone, the group's for its members, and none are for
// root.
func TestBars(t *testing.T) {
	for _, tt := range []struct {
		user   int
		groups []uint32
		mode   uint32
		want   vfs.Bars
	}{
		{0, nil, 0, 0},
		{1, nil, 0o700, 0},
		{1, nil, 0o077, vfs.NoRead | vfs.NoWrite | vfs.NoSearch},
		{2, []uint32{9, 10}, 0o750, vfs.NoWrite},
		{2, []uint32{9, 10}, 0o705, vfs.NoRead | vfs.NoWrite | vfs.NoSearch},
		{2, []uint32{9}, 0o754, vfs.NoWrite | vfs.NoSearch},
	} {
		p := process{tt.user, tt.groups}
		if got := p.bars(&syscall.Stat_t{Uid: 1, Gid: 10, Mode: tt.mode}); got != tt.want {
			t.Errorf("user %d of %v: mode %o has bars %b, want %b", tt.user, tt.groups, tt.mode, got, tt.want)
		}
	}
}
