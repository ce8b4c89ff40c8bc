package storage

import "sync"

// A signal tells any number of goroutines that something has changed.
type signal struct {
	mu sync.Mutex
	ch chan struct{}
}

// next returns a channel that is closed when something changes from now on.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch == nil {
		s.ch = make(chan struct{})
	}
	return s.ch
}

func (s *signal) tell() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
}
