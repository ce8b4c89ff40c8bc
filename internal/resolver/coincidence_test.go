package resolver

import (
	"fmt"
	"testing"

	"mirrortracker/internal/mirror"
)

// An archive of thousands of projects that all have the same small directories,
// of which some are mirrored one by one under other names: none of what is equal
// by accident is offered, and none of what is not is missed.
func TestAThousandfoldCoincidence(t *testing.T) {
	const projects = 1500
	cvs := dir{"Entries": 100, "Repository": 20, "Root": 30}
	common := dir{
		"licence": dir{"COPYING": 35147}, "CVS": cvs, "empty": dir{}, "doc": dir{"empty": dir{}, "CVS": cvs, "COPYING": 35147},
	}
	small := []mirror.Path{"/licence", "/CVS", "/empty", "/doc", "/doc/empty", "/doc/CVS"}
	origin, other, mirrored := dir{}, dir{}, dir{}
	for i := range projects {
		source := files(fmt.Sprintf("source%d-", i), 8)
		image := dir{fmt.Sprintf("image%d.iso", i): 1 << 20}
		project := common.with(dir{"source": source, "image": image, "own": file{int64(i), usual}})
		origin[fmt.Sprintf("project%d", i)] = project
		other[fmt.Sprintf("other%d", i)] = common.with(dir{"own": file{int64(projects + i), usual}})
		switch i % 10 {
		case 3: // parts of it
			mirrored[fmt.Sprintf("p%d", i)] = dir{"src": source, "nothing": dir{"img": image, fmt.Sprint(i): 1}}
		case 7: // all of it
			mirrored[fmt.Sprintf("p%d", i)] = project
		}
	}
	w := newWorld()
	w.add("origin", "ftp://origin.example/", origin)
	w.add("other", "ftp://other.example/pub/", other)
	w.add("mirrored", "ftp://mirrored.example/", mirrored)
	x := w.index(t, Options{})
	expect := func(path mirror.Path, want ...string) {
		t.Helper()
		a := ask(t, x, "origin", path)
		if len(a.Set.Members) != len(want) {
			t.Fatalf("%s: %d replicas, want %v", path, len(a.Set.Members), want)
		}
		found := map[string]bool{}
		for i := range a.Set.Members {
			m := &a.Set.Members[i]
			found[x.Site(int(m.Site)).Name+string(a.AppendPath(nil, m))] = true
		}
		for _, place := range want {
			if !found[place] {
				t.Fatalf("%s: %s is missed", path, place)
			}
		}
	}
	for i := range projects {
		project := mirror.Path(fmt.Sprintf("/project%d", i))
		here, there := "origin"+string(project), fmt.Sprintf("mirrored/p%d", i)
		for _, below := range append(small, "/source", "/image", "") {
			path := project + below
			switch {
			case i%10 == 7:
				expect(path, here+string(below), there+string(below))
			case i%10 == 3 && below == "/source":
				expect(path, here+string(below), there+"/src")
			case i%10 == 3 && below == "/image":
				expect(path, here+string(below), there+"/nothing/img")
			default:
				expect(path, here+string(below))
			}
		}
	}
}
