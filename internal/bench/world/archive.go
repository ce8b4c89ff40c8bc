package world

import "fmt"

// Where the parts of the archive are.
const (
	traceDir = "/project/trace"
	mainDir  = "/pool/main"
)

// newArchive makes the big archive with so many directories.
func newArchive(p Params, size int) *hierarchy {
	h := newHierarchy(uint64(p.random("archive", 0)))
	h.at(traceDir, project)
	h.at(mainDir, bare)
	h.suites(size / 4)
	r := newRandom(h.seed, 'p')
	for number := 0; len(h.dirs) < size; number++ {
		component := "main"
		if r.one(12) {
			component = pick(&r, components)
		}
		name := packageName(&r, number)
		h.add(h.at("/pool/"+component+"/"+shelf(name), bare), name, pkg)
	}
	return h
}

var (
	suites     = []string{"bookworm", "bullseye", "trixie", "sid", "experimental", "buster"}
	components = []string{"main", "contrib", "non-free", "non-free-firmware"}
	lists      = []string{"binary-all", "binary-amd64", "binary-arm64", "binary-armhf", "binary-i386", "binary-ppc64el", "binary-riscv64", "binary-s390x", "dep11", "i18n", "source"}
)

// suites adds the lists of packages, to at most so many directories in all.
func (h *hierarchy) suites(most int) {
	for _, suite := range suites {
		for _, component := range components {
			for _, list := range lists {
				if len(h.dirs)+3 > most {
					return
				}
				h.at("/dists/"+suite+"/"+component+"/"+list, index)
			}
		}
	}
}

// newProjects makes the hierarchy of somebody else, with so many directories, about six
// levels deep.
func newProjects(seed uint64, size int) *hierarchy {
	h := newHierarchy(seed)
	h.dirs[0].kind = project
	r := newRandom(seed, 'p')
	homes := []int32{0} // that others may stand in
	for len(h.dirs) < size {
		parent := homes[r.below(1+len(homes)/6)]
		if len(h.kids[parent]) >= mostKids {
			continue
		}
		if r.one(accident) {
			h.addAccident(&r, parent)
			continue
		}
		homes = append(homes, h.add(parent, h.folder(&r, parent), project))
	}
	return h
}

const (
	mostKids = 400
	accident = 30 // of so many directories one is there by accident
)

// folder returns a name that no directory in the parent has.
func (h *hierarchy) folder(r *random, parent int32) string {
	kids := len(h.kids[parent])
	if r.one(3) {
		return fmt.Sprintf("%s-%d.%d", pick(r, words), kids, r.below(10))
	}
	name := folders[(int(h.seed%97)+kids)%len(folders)]
	if kids < len(folders) {
		return name
	}
	return fmt.Sprintf("%s-%d", name, kids)
}

// addAccident adds a directory as it occurs everywhere, unless the parent has one.
func (h *hierarchy) addAccident(r *random, parent int32) {
	one := pick(r, accidents)
	for _, kid := range h.kids[parent] {
		if h.dirs[kid].name == one.name {
			return
		}
	}
	h.add(parent, one.name, one.kind)
}

var accidents = []directory{{name: "CVS", kind: cvs}, {name: "licenses", kind: licence}, {name: "incoming", kind: empty}, {name: "tmp", kind: empty}}
