package segment

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An array is a slice that grows outside of the heap, where the garbage
// collector does not leave it twice its size and it is given back at once. T
// must hold no pointers. The zero array is empty.
type array[T any] struct {
	memory []byte
	all    []T // of the length in use
}

// add appends elements.
func (a *array[T]) add(v ...T) error {
	if err := a.reserve(len(v)); err != nil {
		return err
	}
	a.all = append(a.all, v...)
	return nil
}

// reserve makes room for n more elements. Earlier slices of all are not good
// any more.
func (a *array[T]) reserve(n int) error {
	if len(a.all)+n <= cap(a.all) {
		return nil
	}
	const least = 1 << 16 // bytes
	var element T
	size := max(least, 2*len(a.memory), int(aligned(uint64(len(a.all)+n)*uint64(unsafe.Sizeof(element)))))
	var memory []byte
	var err error
	if a.memory == nil {
		memory, err = unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	} else {
		memory, err = unix.Mremap(a.memory, size, unix.MREMAP_MAYMOVE)
	}
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	a.memory = memory
	first := (*T)(unsafe.Pointer(unsafe.SliceData(memory)))
	a.all = unsafe.Slice(first, size/int(unsafe.Sizeof(element)))[:len(a.all)]
	return nil
}

// extend appends n elements that are zero or have been something before.
func (a *array[T]) extend(n int) error {
	if err := a.reserve(n); err != nil {
		return err
	}
	a.all = a.all[:len(a.all)+n]
	return nil
}

// free gives the memory back; the array is empty then.
func (a *array[T]) free() {
	if a.memory != nil {
		unmap(a.memory)
	}
	*a = array[T]{}
}

// made returns an array of n zeros.
func made[T any](n int) (a array[T], err error) {
	err = a.extend(n)
	return a, err
}
