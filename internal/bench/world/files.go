package world

import (
	"strconv"

	"mirrortracker/internal/digest"
)

// files appends the files of a directory.
func (g *grower) files(s *state, n int32) {
	d := &s.dirs[n]
	switch d.kind {
	case pkg:
		g.releases(s, n, d.name)
	case index:
		r := newRandom(s.seed, uint64(n), uint64(s.versions[n]))
		for _, name := range indexFiles {
			g.file(&r, name, recent)
		}
	case project:
		g.publish(s, n)
	case licence:
		g.entries = append(g.entries, digest.Entry{Name: "COPYING", Kind: digest.File, Size: 18092, Date: 20100317})
	case cvs:
		g.entries = append(g.entries,
			digest.Entry{Name: "Entries", Kind: digest.File, Size: 12, Date: 20020821},
			digest.Entry{Name: "Repository", Kind: digest.File, Size: 9, Date: 20020821},
			digest.Entry{Name: "Root", Kind: digest.File, Size: 39, Date: 20020821})
	}
}

var indexFiles = []string{
	"Packages.bz2", "Packages.diff-Index", "Packages.gz", "Packages.xz", "Release",
	"Contents-all.gz", "Contents-udeb.gz", "Translation-de.bz2", "Translation-en.bz2", "Components.yml.xz",
}

// releases appends three releases of a package, the newest as the directory's version
// has it.
func (g *grower) releases(s *state, n int32, name string) {
	for release, suffixes := range packageFiles {
		version := uint8(0)
		when := old
		if release == len(packageFiles)-1 {
			version, when = s.versions[n], recent
		}
		r := newRandom(s.seed, uint64(n), uint64(release), uint64(version))
		major, minor := 1+3*release+r.below(3), r.below(40)
		for _, suffix := range suffixes {
			b := append(append(g.name[:0], name...), '_')
			b = append(strconv.AppendInt(b, int64(major), 10), '.')
			b = append(strconv.AppendInt(b, int64(minor), 10), '.')
			g.name = append(strconv.AppendInt(b, int64(version), 10), suffix...)
			g.file(&r, string(g.name), when)
		}
	}
}

var packageFiles = [][]string{
	{"-1_all.deb", "-1_amd64.deb", "-1_arm64.deb"},
	{"-2_all.deb", "-2_amd64.deb", "-2_arm64.deb"},
	{"-1.debian.tar.xz", "-1.dsc", "-1_amd64.deb", ".orig.tar.xz"},
}

// publish appends from seven to thirteen files of a project, of which the last two are
// as the directory's version has them.
func (g *grower) publish(s *state, n int32) {
	about := newRandom(s.seed, uint64(n))
	stem, ending := pick(&about, words), pick(&about, endings)
	count := 7 + about.below(7)
	for k := range count {
		version, when := uint8(0), old
		if k >= count-2 {
			version, when = s.versions[n], recent
		}
		r := newRandom(s.seed, uint64(n), uint64(k), uint64(version))
		if version == 0 && k < len(plainFiles) && r.one(3) {
			g.file(&r, plainFiles[k], when)
			continue
		}
		b := append(append(g.name[:0], stem...), '-')
		b = append(strconv.AppendInt(b, int64(1+k), 10), '.')
		b = append(strconv.AppendInt(b, int64(r.below(100)), 10), '.')
		g.name = append(strconv.AppendInt(b, int64(version), 10), ending...)
		g.file(&r, string(g.name), when)
	}
}

var plainFiles = []string{"README", "MD5SUMS", "index.html", "ChangeLog.txt"}

// file appends a file of 1 KiB to 64 MiB.
func (g *grower) file(r *random, name string, when years) {
	bits := r.next()
	size := int64(1<<10)<<(bits%16) | int64(bits>>16&0x3ff)
	date := digest.Date((when.first+int(bits>>32)%when.count)*10000 + (1+int(bits>>40)%12)*100 + 1 + int(bits>>48)%28)
	g.entries = append(g.entries, digest.Entry{Name: name, Kind: digest.File, Size: size, Date: date})
}

// years are those in which a file may have been modified.
type years struct{ first, count int }

var (
	old    = years{2008, 16}
	recent = years{2025, 2}
)
