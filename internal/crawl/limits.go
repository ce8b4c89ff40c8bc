package crawl

import (
	"fmt"
	"time"
)

// Limits bound what a crawl takes from a site. All of them are needed.
type Limits struct {
	Depth   int           // directories below the root's; deeper ones are incomplete
	Name    int           // bytes of a name; a directory with a longer one is incomplete
	Entries int           // names in one directory; one with more is incomplete
	Listing int64         // bytes of one directory's listing; a longer one is incomplete
	Total   int64         // names on the whole site; the crawl fails beyond it
	Time    time.Duration // for the whole site; the crawl fails after it
}

// maxPath is how long a path may be, in bytes: servers take none longer than their
// system does (PATH_MAX on Linux). Directories beyond it are incomplete.
const maxPath = 4096

// DefaultLimits are meant to be met by no honest site.
func DefaultLimits() Limits {
	return Limits{
		Depth:   100,
		Name:    1024,
		Entries: 500_000,
		Listing: 32 << 20,
		Total:   1_000_000_000,
		Time:    24 * time.Hour,
	}
}

// A LimitError says that a crawl ended because the site passed a limit that
// holds for the whole of it.
type LimitError struct {
	What string // the name of the limit's configuration key
	Max  string
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("the site passes %s = %s; raise it in the configuration if the site is meant to be that large", e.What, e.Max)
}
