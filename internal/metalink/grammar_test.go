package metalink

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// conforms checks a document against the grammar of RFC 5854, appendix A, as far
// as our documents go: an element that stands in none of them is refused.
func conforms(document io.Reader) error {
	d := xml.NewDecoder(document)
	d.Strict = true
	top, err := next(d)
	if err != nil {
		return err
	}
	if top.name != "metalink" || len(top.attr) > 0 {
		return fmt.Errorf("the root is %s with %v", top.name, top.attr)
	}
	seen := map[string]int{}
	for _, e := range top.below {
		seen[e.name]++
		if err := e.conforms(); err != nil {
			return fmt.Errorf("%s number %d: %w", e.name, seen[e.name], err)
		}
		if e.name != "file" && seen[e.name] > 1 {
			return fmt.Errorf("%s stands twice", e.name)
		}
	}
	if seen["file"] == 0 {
		return fmt.Errorf("there is no file")
	}
	return nil
}

type element struct {
	name  string
	attr  map[string]string
	text  string
	below []element
}

// next reads one whole element; all are of Metalink's namespace.
func next(d *xml.Decoder) (element, error) {
	for {
		token, err := d.Token()
		if err != nil {
			return element{}, err
		}
		if start, ok := token.(xml.StartElement); ok {
			return read(d, start)
		}
	}
}

func read(d *xml.Decoder, start xml.StartElement) (element, error) {
	e := element{name: start.Name.Local, attr: map[string]string{}}
	if start.Name.Space != Namespace {
		return e, fmt.Errorf("element %s is of namespace %q", e.name, start.Name.Space)
	}
	for _, a := range start.Attr {
		switch {
		case a.Name.Local == "xmlns" && a.Name.Space == "":
		case a.Name.Space != "":
			return e, fmt.Errorf("attribute %s is of namespace %q", a.Name.Local, a.Name.Space)
		default:
			e.attr[a.Name.Local] = a.Value
		}
	}
	for {
		token, err := d.Token()
		if err != nil {
			return e, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			below, err := read(d, token)
			if err != nil {
				return e, err
			}
			e.below = append(e.below, below)
		case xml.CharData:
			e.text += string(token)
		case xml.EndElement:
			return e, nil
		}
	}
}

// only reports an attribute that is not among these, and demands those that end
// in an exclamation mark.
func (e element) only(allowed ...string) error {
	known := map[string]bool{}
	for _, name := range allowed {
		name, must := strings.CutSuffix(name, "!")
		known[name] = true
		if _, ok := e.attr[name]; must && !ok {
			return fmt.Errorf("without %s", name)
		}
	}
	for name := range e.attr {
		if !known[name] {
			return fmt.Errorf("with %s", name)
		}
	}
	return nil
}

var (
	positive = regexp.MustCompile(`^[1-9][0-9]{0,5}$`)
	natural  = regexp.MustCompile(`^[0-9]+$`)
	country  = regexp.MustCompile(`^[a-z]{2}$`)
	hexText  = regexp.MustCompile(`^([0-9a-f]{2})+$`)
	hashName = regexp.MustCompile(`^(md5|sha-1|sha-256|sha-384|sha-512)$`)
)

func (e element) conforms() error {
	if e.name != "file" && len(e.below) > 0 {
		return fmt.Errorf("with elements in it")
	}
	switch e.name {
	case "generator":
		return e.only()
	case "origin":
		if d := e.attr["dynamic"]; d != "" && d != "true" && d != "false" {
			return fmt.Errorf("dynamic is %q", d)
		}
		return firstOf(e.only("dynamic"), absolute(e.text))
	case "published", "updated":
		_, err := time.Parse(time.RFC3339, e.text)
		return firstOf(e.only(), err)
	case "size":
		return firstOf(e.only(), matches(natural, e.text))
	case "hash":
		return firstOf(e.only("type!"), matches(hashName, e.attr["type"]), matches(hexText, e.text))
	case "url":
		if p, ok := e.attr["priority"]; ok {
			if err := matches(positive, p); err != nil {
				return err
			}
		}
		if c, ok := e.attr["location"]; ok {
			if err := matches(country, c); err != nil {
				return err
			}
		}
		return firstOf(e.only("priority", "location"), absolute(e.text))
	case "file":
		seen := map[string]int{}
		for _, b := range e.below {
			if b.name != "size" && b.name != "hash" && b.name != "url" {
				return fmt.Errorf("with %s in it", b.name)
			}
			if seen[b.name]++; b.name == "size" && seen[b.name] > 1 {
				return fmt.Errorf("with two sizes")
			}
			if err := b.conforms(); err != nil {
				return fmt.Errorf("%s: %w", b.name, err)
			}
		}
		if seen["url"] == 0 {
			return fmt.Errorf("without a url")
		}
		if name := e.attr["name"]; name == "" || name[0] == '/' || strings.Contains("/"+name+"/", "/../") || strings.Contains("/"+name+"/", "/./") {
			return fmt.Errorf("name %q leads elsewhere", name)
		}
		return e.only("name!")
	}
	return fmt.Errorf("no such element")
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func matches(r *regexp.Regexp, text string) error {
	if !r.MatchString(text) {
		return fmt.Errorf("%q does not match %s", text, r)
	}
	return nil
}

func absolute(text string) error {
	u, err := url.Parse(text)
	if err == nil && !u.IsAbs() {
		err = fmt.Errorf("%q is not absolute", text)
	}
	return err
}
