package ui

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// JSON writes a value, indented, with <, > and & as they are.
func (e *Env) JSON(v any) error {
	enc := json.NewEncoder(e.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
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
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	separator := ",\n"
	if l.count == 0 {
		separator = "[\n"
	}
	l.count++
	_, err := io.WriteString(l.to, separator+strings.TrimSuffix(text.String(), "\n"))
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
