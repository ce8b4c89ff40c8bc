// Package stricttest checks the commented file that documents a configuration.
package stricttest

import (
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pelletier/go-toml/v2"

	"mirrortracker/internal/config/strict"
)

var (
	commentedKey = regexp.MustCompile(`(?m)^#([a-z0-9_]+ = )`)
	commented    = regexp.MustCompile(`(?m)^# `)
)

// Documented checks that a commented file has every key of a configuration, each behind
// a "#" and at its default, with a comment that ends with it. defaults returns a
// pointer to a new one.
func Documented(t *testing.T, text string, defaults func() strict.Configuration) {
	t.Helper()
	inForce := commentedKey.ReplaceAllString(text, "$1")
	for name, file := range map[string]string{"as it is": text, "with keys in force": inForce} {
		got, err := Load(t, file, defaults)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(defaults(), got, cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{})); diff != "" {
			t.Errorf("%s: not the defaults:\n%s", name, diff)
		}
	}
	var documented map[string]any
	if err := toml.Unmarshal([]byte(inForce), &documented); err != nil {
		t.Fatal(err)
	}
	for key := range strict.Keys(defaults()) {
		var at any = documented
		for name := range strings.SplitSeq(key, ".") {
			table, _ := at.(map[string]any)
			at = table[name]
		}
		if at == nil {
			t.Errorf("%s does not stand in the file", key)
		}
		// The paragraph before the key must tell its default.
		name := key[strings.LastIndex(key, ".")+1:]
		explained := regexp.MustCompile(`(?m)^# .*[Dd]efault: \S.*\n#` + name + ` = |^# [Dd]efault: \S.*\n#` + name + ` = |[Dd]efault: \S+\n#` + name + ` = |[Dd]efault:\n# \S+\n#` + name + ` = `)
		if !explained.MatchString(text) {
			t.Errorf("the comment of %s does not end with its default", key)
		}
	}
}

// DocumentedTable checks that a commented file has an example of a table that may be
// repeated, which holds every key of its type, and returns the configuration with this
// example in force.
func DocumentedTable(t *testing.T, text, table string, fields reflect.Type, defaults func() strict.Configuration) strict.Configuration {
	t.Helper()
	head := "[[" + table + "]]\n"
	_, example, _ := strings.Cut(text, "\n# "+head)
	example, _, _ = strings.Cut(example, "\n\n")
	for field := range fields.Fields() {
		if key := field.Tag.Get("toml"); !strings.Contains("\n"+example, "\n# "+key+" = ") {
			t.Errorf("the key %s of a %s does not stand in the file", key, table)
		}
	}
	c, err := Load(t, head+commented.ReplaceAllString(example, ""), defaults)
	if err != nil {
		t.Errorf("the example of a %s: %v", table, err)
	}
	return c
}

// Load loads a file with this text, and nothing from the environment.
func Load(t *testing.T, text string, defaults func() strict.Configuration) (strict.Configuration, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "example.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := defaults()
	return c, strict.Load(c, path, "UNUSED_", func(string) string { return "" })
}
