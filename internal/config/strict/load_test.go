package strict

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

type example struct {
	Name  string   `toml:"name"`
	Fast  bool     `toml:"fast"`
	Wait  Duration `toml:"wait"`
	Inner struct {
		Count int `toml:"count"`
	} `toml:"inner"`
	Items []struct {
		Count int `toml:"count"`
	} `toml:"item"`
}

func (e *example) Validate() error {
	if err := Filled("name", e.Name); err != nil {
		return err
	}
	return Between("inner.count", e.Inner.Count, 0, 9)
}

const variables Environment = "EXAMPLE_"

// What is wrong is told with the line where it stands, unless it does not stand there.
func TestMistakesHaveLines(t *testing.T) {
	for name, c := range map[string]struct {
		text        string
		environment map[string]string
		want        string // the end of the error; "" for none
	}{
		"fine":            {"name = 'a'\nfast = true\n", nil, ""},
		"in a table":      {"name = 'a'\n# comment\n[inner]\n\ncount = 10\n", nil, ".toml:5: inner.count is 10, must be from 0 to 9"},
		"dotted":          {"name = 'a'\ninner.count = 10\n", nil, ".toml:2: inner.count is 10, must be from 0 to 9"},
		"inline":          {"name = 'a'\ninner = {count = 10}\n", nil, ".toml: inner.count is 10, must be from 0 to 9"},
		"beside an item":  {"name = 'a'\n[inner]\ncount = 10\n[[item]]\ncount = 3\n", nil, ".toml:3: inner.count is 10, must be from 0 to 9"},
		"not in the file": {"fast = false\n", nil, ".toml: name is empty"},
		"in neither":      {"name = 'a'\n[inner]\ncount = 1\n", map[string]string{"EXAMPLE_INNER_COUNT": "10"}, "inner.count is 10, must be from 0 to 9"},
		"no boolean":      {"name = 'a'\nfast = 'yes'\n", nil, "where true or false belongs\n  2 | fast = 'yes'\n    |        ^"},
		"on by a variable": {"name = 'a'\n", map[string]string{"EXAMPLE_FAST": "yes"},
			`environment: EXAMPLE_FAST: "yes" is neither true nor false`},
		"on": {"name = 'a'\n", map[string]string{"EXAMPLE_FAST": "true"}, ""},
	} {
		path := filepath.Join(t.TempDir(), "example.toml")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := Load(&example{}, path, variables, func(name string) string { return c.environment[name] })
		if (err == nil) != (c.want == "") || err != nil && !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: %v, want ...%s", name, err, c.want)
		}
	}
}
