package ui

import (
	"encoding/json"
	"io"
)

// JSON writes a value, indented, with <, > and & as they are.
func (e *Env) JSON(v any) error {
	return encoder(e.Stdout).Encode(v)
}

func encoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc
}

// A List writes a JSON array, one element to a line, as they come.
type List struct {
	to    io.Writer
	count int
}

// List begins an array. The caller ends it with [List.End].
func (e *Env) List() *List { return &List{to: e.Stdout} }

// Add writes one element.
func (l *List) Add(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	separator := ",\n"
	if l.count == 0 {
		separator = "[\n"
	}
	l.count++
	_, err = io.WriteString(l.to, separator+string(text))
	return err
}

// End writes the end of the array.
func (l *List) End() error {
	end := "\n]\n"
	if l.count == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(l.to, end)
	return err
}
