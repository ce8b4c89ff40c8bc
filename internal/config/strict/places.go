package strict

import (
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// placesOf returns the lines in which keys stand, counted from 1. Of tables that may
// be repeated it knows none.
func placesOf(text []byte) map[string]int {
	places := map[string]int{}
	var p unstable.Parser
	p.Reset(text)
	table, single := "", true
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table, single = "", e.Kind == unstable.Table
			for it := e.Key(); it.Next(); {
				table += string(it.Node().Data) + "."
			}
		case unstable.KeyValue:
			if !single {
				continue
			}
			var names []string
			line := 0
			for it := e.Key(); it.Next(); {
				names = append(names, string(it.Node().Data))
				line = p.Shape(it.Node().Raw).Start.Line
			}
			places[table+strings.Join(names, ".")] = line
		}
	}
	return places
}
