package hostile

import (
	"fmt"
	"path"
	"strings"
)

// trees is about what the whole site looks like.
func trees() []Behaviour {
	const limit = `limit`
	// below is the honest tree with another one at Bad and below it.
	below := func(tree func(dir string) []Entry) func() *Site {
		return func() *Site {
			return &Site{Tree: func(dir string) ([]Entry, bool) {
				if dir == Bad || strings.HasPrefix(dir, Bad+"/") {
					return tree(dir), true
				}
				entries, ok := Honest[dir]
				return entries, ok
			}}
		}
	}
	few := []string{"TRACKER_CRAWL_LIMITS_TOTAL=3000"}
	return []Behaviour{
		{Name: "endless depth", Site: below(func(dir string) []Entry { return []Entry{File("a"), Dir("deeper")} }), Ends: neverComplete, Says: limit},
		{Name: "endless depth of long names", Site: below(func(dir string) []Entry { return []Entry{Dir(strings.Repeat("d", 250))} }), Ends: neverComplete, Says: limit + `|bytes`},
		{Name: "endless depth and breadth", Settings: few, Site: below(func(dir string) []Entry {
			var entries []Entry
			for i := range 30 {
				entries = append(entries, Dir(fmt.Sprintf("dir-%d", i)))
			}
			return entries
		}), Ends: mustFail, Says: `crawl.limits.total`},
		{Name: "endless breadth", Settings: few, Site: below(func(dir string) []Entry {
			if path.Dir(dir) == Bad {
				return nil
			}
			var entries []Entry
			for i := range 3_000 {
				entries = append(entries, Dir(fmt.Sprintf("dir-%d", i)))
			}
			return entries
		}), Ends: mustFail, Says: `crawl.limits.total`},
		{Name: "the root everywhere", Settings: few, Site: func() *Site {
			return &Site{Tree: func(string) ([]Entry, bool) { return Honest["/"], true }}
		}, Ends: mustFail, Says: `crawl.limits.total`},
		{Name: "a directory in itself", Site: below(func(string) []Entry { return []Entry{Dir(path.Base(Bad)), File("a")} }), Ends: neverComplete, Says: limit},
		{Name: "nothing at all", Site: func() *Site {
			return &Site{Tree: Dirs(nil)}
		}, Ends: mustFail, Says: `550 no such directory|refused`},
	}
}
