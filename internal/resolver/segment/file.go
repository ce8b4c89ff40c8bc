package segment

import (
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A file is where a segment is. It is open as long as the segment, for merging
// reads it past the mapping.
type file struct {
	*os.File
	folder bool        // whether it is in a folder, and not in memory
	kept   atomic.Bool // whether it is to stay there
}

// newFile makes an empty file in a folder, or in memory where dir is empty.
func newFile(dir string) (*file, error) {
	if dir == "" {
		fd, err := unix.MemfdCreate("segment", unix.MFD_CLOEXEC)
		if err != nil {
			return nil, os.NewSyscallError("memfd_create", err)
		}
		return &file{File: os.NewFile(uintptr(fd), "segment in memory")}, nil
	}
	f, err := os.CreateTemp(dir, "*"+unfinished)
	if err != nil {
		return nil, err
	}
	return &file{File: f, folder: true}, nil
}

// discard closes the file, and removes it unless it is to stay.
func (f *file) discard() {
	f.Close()
	if f.folder && !f.kept.Load() {
		os.Remove(f.Name())
	}
}

// mapped maps the first bytes of the file for reading.
func (f *file) mapped(size int) ([]byte, error) {
	m, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", f.Name(), err)
	}
	return m, nil
}

func unmap(m []byte) {
	if err := unix.Munmap(m); err != nil {
		panic("segment: internal error: " + err.Error())
	}
}

// release drops the pages of a section from the process. They are still in the
// file, and come back when they are touched. It is a hint, so that it does not
// matter if the system has larger pages than sections are aligned to.
func release(section []byte) {
	if len(section) > 0 {
		_ = unix.Madvise(section, unix.MADV_DONTNEED)
	}
}
