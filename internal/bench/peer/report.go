package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"mirrortracker/internal/bench/report"
	"mirrortracker/internal/bench/world"
	"mirrortracker/internal/human"
)

// A figure is something that was measured.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// Names of figures.
const (
	fullSize     = "full pack"
	exportMemory = "  memory to make it"
	listingSize  = "ls -lR under zstd -19"
	deltaSize    = "delta after a change of 1 %"
	deltaTrees   = "  directories in the delta"
	secondSize   = "pack of a second mirror"
	secondTrees  = "  directories in which it differs"
	importRate   = "import into "
	importMemory = "  memory for import into "
)

// note keeps a figure.
func (b *bench) note(name string, value float64, unit string) {
	b.figures = append(b.figures, figure{name, value, unit})
}

// figure returns a figure that was kept, and whether it was.
func (b *bench) figure(name string) (float64, bool) {
	if i := slices.IndexFunc(b.figures, func(f figure) bool { return f.Name == name }); i >= 0 {
		return b.figures[i].Value, true
	}
	return 0, false
}

// findings are all that a run has found out.
type findings struct {
	Machine  []report.Fact    `json:"machine"`
	World    world.Written    `json:"world"`
	Figures  []figure         `json:"figures"`
	Verdicts []report.Verdict `json:"verdicts"`
}

// findings returns what there is up to now.
func (b *bench) findings() *findings {
	return &findings{Machine: report.Machine(b.Began), World: b.written, Figures: b.figures, Verdicts: b.judge()}
}

// print writes them for people.
func (f *findings) print(w io.Writer) error {
	about := report.Fact{
		Name: "archive",
		Value: fmt.Sprintf("%d mirrors with %s directories in all, %s distinct, %s files",
			f.World.Sites, human.Count(f.World.Places), human.Count(f.World.Distinct), human.Count(f.World.Files)),
	}
	return report.Print(w, append(slices.Clone(f.Machine), about), f.table, f.Verdicts)
}

func (f *findings) table(out *strings.Builder) {
	out.WriteString("\n")
	for _, f := range f.Figures {
		fmt.Fprintf(out, "%-36s %12s %s\n", f.Name, report.Significant(f.Value), f.Unit)
	}
}

func mebibytes(n int64) float64 { return float64(n) / (1 << 20) }
