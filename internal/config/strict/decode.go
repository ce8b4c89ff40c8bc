package strict

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// decode reads the text of a file into c.
func decode(path string, text []byte, c Configuration) error {
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(c)
	var unknown *toml.StrictMissingError
	var wrong *toml.DecodeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unknown):
		all := make([]string, len(unknown.Errors))
		for i := range unknown.Errors {
			e := &unknown.Errors[i]
			all[i] = show(path, text, e, "unknown key"+named(e.Key()))
		}
		return errors.New(strings.Join(all, "\n"))
	case errors.As(err, &wrong):
		what := plain(wrong.Error())
		if key := named(wrong.Key()); key != "" {
			what = key[1:] + ": " + what
		}
		return errors.New(show(path, text, wrong, what))
	}
	return bareValue(path, text, c, err)
}

// bareValue finds the key of a bare number or boolean where a text belongs, such as a
// duration: of that the library tells neither key nor place.
func bareValue(path string, text []byte, c Configuration, err error) error {
	var document map[string]any
	if toml.Unmarshal(text, &document) != nil {
		return fmt.Errorf("%s: %s", path, plain(err.Error()))
	}
	for key, field := range Keys(c) {
		var at any = document
		for name := range strings.SplitSeq(key, ".") {
			table, _ := at.(map[string]any)
			at = table[name]
		}
		switch at.(type) {
		case int64, float64, bool:
			wrong := set(field, fmt.Sprint(at))
			if wrong == nil {
				continue
			}
			what := key + ": " + plain(wrong.Error())
			if field.Type() == reflect.TypeFor[Duration]() {
				what = fmt.Sprintf("%s is %v, must be a duration with a unit such as \"30s\"", key, at)
			}
			if line := placesOf(text)[key]; line > 0 {
				path = fmt.Sprintf("%s:%d", path, line)
			}
			return fmt.Errorf("%s: %s", path, what)
		}
	}
	return fmt.Errorf("%s: %s", path, plain(err.Error()))
}

// bare matches what can be a key without quotes. Anything else is not shown: it
// may be a value that lost its key.
var bare = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// named returns a blank and a key, or nothing where that is not shown.
func named(key toml.Key) string {
	for _, part := range key {
		if !bare.MatchString(part) {
			return ""
		}
	}
	if len(key) == 0 {
		return ""
	}
	return " " + strings.Join(key, ".")
}

// goType is what the library says about our types, which is of no use to those
// who write the file.
var goType = regexp.MustCompile(` into (struct field \S+ of type )?(\S+)$`)

// goPrefix is what net/netip says of a text that is no network.
var goPrefix = regexp.MustCompile(`^netip\.ParsePrefix\(("(?:[^"\\]|\\.)*")\): .*`)

// goAddr is what net/netip says of a text that is no address.
var goAddr = regexp.MustCompile(`^ParseAddr\(("(?:[^"\\]|\\.)*")\): .*`)

// network says what is to be written in the place of a text that is no network.
func network(message string) string {
	quoted := goPrefix.FindStringSubmatch(message)[1]
	text, err := strconv.Unquote(quoted)
	if err != nil {
		text = quoted
	}
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		address = address.Unmap()
		return fmt.Sprintf("%s is one address; as a network it is \"%s/%d\"", quoted, address, address.BitLen())
	}
	return quoted + ` is not a network such as "192.0.2.0/24" or "2001:db8::/32"`
}

// plain rewrites an error of the library for people who know TOML and not Go.
func plain(message string) string {
	message = goPrefix.ReplaceAllStringFunc(strings.TrimPrefix(message, "toml: "), network)
	message = goAddr.ReplaceAllString(message, `$1 is not an address such as "192.0.2.1" or "2001:db8::1"`)
	return goType.ReplaceAllStringFunc(message, func(found string) string {
		switch kind := goType.FindStringSubmatch(found)[2]; {
		case strings.HasSuffix(kind, "Duration"):
			return ` where a duration such as "30s" belongs`
		case strings.HasPrefix(kind, "int"), strings.HasSuffix(kind, "Size"):
			return " where a whole number belongs"
		case kind == "bool":
			return " where true or false belongs"
		case kind == "string":
			return " where a string belongs"
		}
		return " here"
	})
}

// secret matches lines of which the value is not shown.
var secret = regexp.MustCompile(`(?i)@|mysql|pass|secret|token`)

// show returns a message with the place that it is about and the line there.
func show(path string, text []byte, e *toml.DecodeError, message string) string {
	row, column := e.Position()
	line := ""
	if lines := strings.Split(string(text), "\n"); row >= 1 && row <= len(lines) {
		line = strings.TrimRight(lines[row-1], "\r")
	}
	if secret.MatchString(line) {
		if key, _, ok := strings.Cut(line, "="); ok && !secretKey(key) {
			line = key + "= ..."
		} else {
			line = "..."
		}
		column = min(column, len(line))
	}
	number := fmt.Sprint(row)
	return fmt.Sprintf("%s:%d: %s\n  %s | %s\n  %*s | %*s", path, row, message, number, line, len(number), "", max(column, 1), "^")
}

// secretKey reports what stands before an equals sign and is no key, because
// the equals sign is part of a value.
func secretKey(key string) bool { return strings.ContainsAny(key, "@:/'\"") }
