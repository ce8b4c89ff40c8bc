package link

import "time"

// LookEvery makes a server look after its slaves more often.
func (s *Server) LookEvery(d time.Duration) { s.again = d }
