package report

import "fmt"

// A Verdict says whether a figure that is asked for was reached.
type Verdict struct {
	Word   string `json:"word"` // ok, short, skip
	Name   string `json:"name"`
	Figure string `json:"figure,omitempty"`
	Asked  string `json:"asked,omitempty"`
	Why    string `json:"why,omitempty"` // skip
}

// Judge is the verdict on a figure that was measured.
func Judge(reached bool, name, figure, asked string) Verdict {
	word := "short"
	if reached {
		word = "ok"
	}
	return Verdict{Word: word, Name: name, Figure: figure, Asked: asked}
}

// Skip is the verdict on one that was not, and why.
func Skip(name, why string) Verdict { return Verdict{Word: "skip", Name: name, Why: why} }

// Short reports whether the figure was measured and not reached.
func (v Verdict) Short() bool { return v.Word == "short" }

func (v Verdict) String() string {
	if v.Word == "skip" {
		return fmt.Sprintf("skip %s (%s)", v.Name, v.Why)
	}
	return fmt.Sprintf("%s %s %s (asked: %s)", v.Word, v.Name, v.Figure, v.Asked)
}
