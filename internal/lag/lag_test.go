package lag

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/digest"
	"mirrortracker/internal/store"
)

// memory is a Source that counts how many trees were read.
type memory struct {
	trees map[digest.ID]*digest.Tree
	read  int
	made  *digest.Digester
}

func newMemory() *memory {
	return &memory{trees: map[digest.ID]*digest.Tree{}, made: digest.NewDigester()}
}

func (m *memory) Trees(_ context.Context, ids []digest.ID, _ store.Parts, fn func(*digest.Tree) error) error {
	for _, id := range ids {
		if t := m.trees[id]; t != nil {
			m.read++
			if err := fn(t); err != nil {
				return err
			}
		}
	}
	return nil
}

// plant makes the tree of "a=1 b/c=2": in a directory a at version 1, and so on.
// A version is ten files, but "small" is one, and "refused" cannot be listed.
func (m *memory) plant(text string) *digest.Tree {
	below := map[string][]string{}
	for word := range strings.FieldsSeq(text) {
		name, rest, deep := strings.Cut(word, "/")
		if !deep {
			name, rest, _ = strings.Cut(word, "=")
		}
		below[name] = append(below[name], rest)
	}
	var entries []digest.Entry
	for name, rest := range below {
		var sub *digest.Tree
		if strings.Contains(rest[0], "=") {
			sub = m.plant(strings.Join(rest, " "))
		} else {
			sub = m.version(name, rest[0])
		}
		entries = append(entries, digest.Entry{Name: name, Kind: digest.Dir, Sub: &sub.Summary})
	}
	return m.keep(entries, digest.Complete)
}

func (m *memory) version(name, v string) *digest.Tree {
	switch v {
	case "small":
		return m.keep([]digest.Entry{{Name: "README", Kind: digest.File, Size: 1}}, digest.Complete)
	case "refused":
		return m.keep(nil, digest.Refused)
	}
	var files []digest.Entry
	for i := range 10 {
		files = append(files, digest.Entry{Name: fmt.Sprintf("%s-%d-%s", name, i, v), Kind: digest.File, Size: 1})
	}
	return m.keep(files, digest.Complete)
}

func (m *memory) keep(entries []digest.Entry, reason digest.Reason) *digest.Tree {
	entries, _ = digest.Clean(entries)
	t := m.made.Tree(entries, reason)
	m.trees[t.ID] = t
	return t
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// sites makes sites whose crawls ended at hours: {"a": {1: "x=1"}}.
func (m *memory) sites(all map[string]map[int]string) (sites []Site) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := Site{Name: name}
		for _, hour := range slices.Sorted(maps.Keys(all[name])) {
			s.Snapshots = append(s.Snapshots, store.Snapshot{Root: m.plant(all[name][hour]).ID, Finished: noon.Add(time.Duration(hour) * time.Hour)})
		}
		sites = append(sites, s)
	}
	return sites
}

// write writes groups: "a/x since 1 behind 3h", a star after who leads.
func write(groups [][]Place, now time.Time) string {
	var lines []string
	for _, group := range groups {
		var words []string
		for _, p := range group {
			behind := "unknown"
			if p.Known {
				behind = fmt.Sprint(int(p.Behind(now).Hours()))
			}
			star := ""
			if p.Leads {
				star = "*"
			}
			words = append(words, fmt.Sprintf("%s%s%s %d %s", p.Site, p.Path, star, int(p.Since.Sub(noon).Hours()), behind))
		}
		lines = append(lines, strings.Join(words, ", "))
	}
	return strings.Join(lines, "\n")
}

func TestGroups(t *testing.T) {
	for name, c := range map[string]struct {
		sites map[string]map[int]string
		want  string // at hour 10
	}{
		"one behind": {
			map[string]map[int]string{
				"m": {0: "x=1", 2: "x=2", 4: "x=3"},
				"a": {1: "x=1", 3: "x=2", 5: "x=3"},
				"b": {1: "x=1", 3: "x=1", 5: "x=2", 7: "x=2"},
			},
			"a/ 5 0, b/ 5 6, m/* 4 0",
		},
		"two, of which one leads": {
			map[string]map[int]string{
				"m": {0: "x=1", 2: "x=2", 4: "x=3", 6: "x=3"},
				"a": {1: "x=1", 3: "x=2", 7: "x=2"},
			},
			"a/ 3 6, m/* 4 0",
		},
		"crawled in the middle of an update": {
			map[string]map[int]string{
				"m": {0: "x=1 y=1", 2: "x=2 y=2", 4: "x=3 y=3"},
				"a": {1: "x=1 y=1", 3: "x=2 y=2", 5: "x=3 y=2"},
			},
			"a/ 5 unknown, m/* 4 0",
		},
		"nobody leads": {
			map[string]map[int]string{
				"a": {0: "x=1", 3: "x=2"},
				"b": {0: "x=1", 3: "x=3"},
			},
			"a/ 3 unknown, b/ 3 unknown",
		},
		"below other names, and only a part": {
			map[string]map[int]string{
				"m": {0: "pub/x=1 pub/y=1", 2: "pub/x=2 pub/y=1"},
				"a": {0: "pub/x=1 pub/y=1", 3: "pub/x=2 pub/y=1"},
				"b": {1: "mirror/deep/x=1 other=1"},
			},
			"a/ 3 0, m/* 2 0\na/pub/x 3 0, b/mirror/deep/x 1 8, m/pub/x* 2 0",
		},
		"small ones are equal by accident": {
			map[string]map[int]string{
				"a": {0: "x=small y=1"},
				"b": {0: "x=small y=2"},
			},
			"",
		},
		"refused now": {
			map[string]map[int]string{
				"a": {0: "x=1", 3: "x=2"},
				"b": {1: "x=1", 4: "x=2", 5: "x=refused"},
			},
			"a/* 3 0, b/ 5 unknown",
		},
		"gone": {
			map[string]map[int]string{
				"a": {0: "x=1 z=1"},
				"b": {0: "x=1 z=2", 5: "z=3"},
			},
			"a/x 0 0, b/x 5 unknown",
		},
		"never the same": {
			map[string]map[int]string{"a": {0: "x=1"}, "b": {0: "x=2"}, "c": {}},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMemory()
			groups, err := Groups(t.Context(), m, m.sites(c.sites), 4)
			if got := write(groups, noon.Add(10*time.Hour)); got != c.want || err != nil {
				t.Errorf("%v, got\n%s\nwant\n%s", err, got, c.want)
			}
		})
	}
}

func TestGroupsReadOnlyWhatChanged(t *testing.T) {
	m := newMemory()
	all := map[string]map[int]string{"a": {}, "b": {}}
	for hour := range 50 {
		all["a"][hour] = fmt.Sprintf("x/a=%d x/b=1 x/c=1 y/a=1 y/b=1", hour)
		all["b"][hour] = all["a"][hour]
	}
	sites := m.sites(all)
	if _, err := Groups(t.Context(), m, sites, 4); err != nil || m.read > 3*50+10 {
		t.Errorf("%d trees were read, %v", m.read, err)
	}
	m.read = 0
	if _, err := Groups(t.Context(), m, sites, 1); err != nil || m.read > 2*50+10 {
		t.Errorf("%d trees were read down to depth 1, %v", m.read, err)
	}
}
