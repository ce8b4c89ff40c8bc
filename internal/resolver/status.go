package resolver

import "time"

// A Status says how current the index in force is.
type Status struct {
	Loaded   time.Time // when the index in force was put there; zero if there is none
	Checked  time.Time // when the last check ended, however it did
	Err      error     // of the last check; nil if it went well
	Failing  time.Time // the end of the first of the failed checks without a good one since; zero if the last was good
	Sites    int       // tracked sites
	Indexed  int       // those of them that have a snapshot in the index
	Problems []Problem // sites whose current snapshot is not in the index
	Cached   time.Time // when the index in force was saved, if it is from the cache folder and the source was not read yet; else zero
	Loading  *Progress // how far a loading has come; nil while there is none

	Trees        int   // distinct trees
	Segments     int   // that they are in
	Bytes        int64 // about what trees and resolved links take in memory
	SegmentBytes int64 // of them, the trees
	LinkBytes    int64 // of them, the links
	Places       int64 // paths about which something is remembered
	PlaceBytes   int64 // about what that takes in memory, replicas included
}

// Status returns how things stand.
func (l *Live) Status() Status {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.status
	if x := l.current.Load(); x != nil {
		s.Places, s.PlaceBytes = x.places.usage()
	}
	return s
}

func (l *Live) loaded(x *Index) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &l.status
	s.Loaded = time.Now()
	s.Sites, s.Indexed, s.Problems = len(x.sites), x.Indexed(), x.problems
	s.Trees, s.Segments = x.Trees(), x.trees.Segments()
	s.SegmentBytes, s.LinkBytes = x.trees.Bytes(), x.linkBytes()
	s.Bytes = s.SegmentBytes + s.LinkBytes
}

func (l *Live) kept(saved time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status.Cached = saved
}

func (l *Live) loading(p *Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status.Loading = p
}

func (l *Live) checked(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.status.Checked, l.status.Err = now, err
	switch {
	case err == nil:
		l.status.Failing = time.Time{}
	case l.status.Failing.IsZero():
		l.status.Failing = now
	}
}
