package config

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The example of an archive in the commented file is one, and has all keys.
func TestCommentedArchiveIsOne(t *testing.T) {
	_, table, _ := strings.Cut(Commented, "# [[archive]]\n")
	table, _, _ = strings.Cut(table, "\n\n")
	for field := range reflect.TypeFor[Archive]().Fields() {
		if key := field.Tag.Get("toml"); !strings.Contains(table, "# "+key+" = ") {
			t.Errorf("the key %s of an archive does not stand in tracker.toml", key)
		}
	}
	c, err := Load(write(t, "[redirector]\nnid = 'x-y'\n[[archive]]\n"+regexp.MustCompile(`(?m)^# `).ReplaceAllString(table, "")), nothing)
	if err != nil {
		t.Fatal(err)
	}
	names, err := c.Names()
	if err != nil {
		t.Fatal(err)
	}
	if place, err := names.Place("urn:x-y:gnu/tar"); err != nil || place != "/example/gnu/tar" {
		t.Errorf("%q, %v", place, err)
	}
}

func TestArchiveMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"[redirector]\nnid = 'tracker.example'\n":                                        "redirector.nid",
		"[[archive]]\nname = 'Gnu'\nsite = 'x'\n":                                        `archive name "Gnu"`,
		"[[archive]]\nname = 'gnu'\n":                                                    "archive gnu: site name",
		"[[archive]]\nname = 'gnu'\nsite = 'x'\npath = 'gnu/'\n":                         `archive gnu: "gnu/" is not the path`,
		"[[archive]]\nname = 'gnu'\nsite = 'x'\n[[archive]]\nname = 'gnu'\nsite = 'y'\n": "two archives have this name",
	} {
		if _, err := Load(write(t, text), nothing); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
