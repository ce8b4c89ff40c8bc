package resolver

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"unsafe"
)

func TestAMemberTakesWhatItSays(t *testing.T) {
	if memberBytes != unsafe.Sizeof(Member{}) || placeBytes < unsafe.Sizeof(place{}) || setBytes < unsafe.Sizeof(Set{}) {
		t.Errorf("a member takes %d bytes, a place %d, a set %d", unsafe.Sizeof(Member{}), unsafe.Sizeof(place{}), unsafe.Sizeof(Set{}))
	}
}

// What is remembered stays within its bound, and what is asked for again stays.
func TestPlacesAreBounded(t *testing.T) {
	const limit = 1 << 20
	p := newPlaces(limit)
	put := func(i int) *place {
		path := fmt.Sprint("/directory", i)
		n := p.put(&place{file: noFile, path: path, dir: path})
		p.found(n, &Set{Members: make([]Member, 10), hash: uint64(i)}, nil)
		return n
	}
	often := put(-1)
	for i := range 20_000 {
		n := put(i)
		if p.get(0, n.path) != n || p.get(1, n.path) != nil {
			t.Fatalf("place %d is not there", i)
		}
		if _, bytes := p.usage(); bytes > limit*5/4 {
			t.Fatalf("%d bytes after %d places", bytes, i)
		}
		if p.get(0, often.path) != often {
			t.Fatalf("what is asked for often is gone after %d places", i)
		}
	}
	if p.get(0, "/directory0") != nil {
		t.Error("the first is still there")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&after)
	_, bytes := p.usage()
	runtime.KeepAlive(p)
	p = nil
	runtime.GC()
	runtime.ReadMemStats(&before)
	if took := int64(after.HeapAlloc) - int64(before.HeapAlloc); took > bytes*3/2 {
		t.Errorf("it says %d bytes, and takes %d", bytes, took)
	}
}

func TestPlacesAreSharedByMany(t *testing.T) {
	p := newPlaces(1 << 18)
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 5000 {
				path := fmt.Sprint("/", (i*7+worker)%1000)
				n := p.get(0, path)
				if n == nil {
					n = p.put(&place{path: path})
				}
				if n.path != path {
					t.Errorf("%s is %s", path, n.path)
					return
				}
				p.found(n, p.intern(&Set{Members: make([]Member, 3), hash: uint64(i % 100)}), nil)
			}
		})
	}
	all.Wait()
}
