package integration

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// An operator has a tracker with one site, whose settings change.
type operator struct {
	*tracker
	t    *testing.T
	dir  string       // where programs are run
	told bytes.Buffer // all that they wrote
}

// newOperator has an operator with more patience than a tracker's of tests.
func newOperator(t *testing.T, program string, settings ...string) *operator {
	t.Helper()
	patient := []string{"TRACKER_CRAWL_TIMEOUT=20s", "TRACKER_CRAWL_LISTING_TIMEOUT=1m"}
	return &operator{tracker: newTracker(t, program, append(patient, settings...)...), t: t, dir: t.TempDir()}
}

// must runs the program and wants it to end with one of the codes.
func (o *operator) must(args []string, codes ...int) *run {
	o.t.Helper()
	r, err := o.run(o.t.Context(), o.dir, args...)
	if err != nil {
		o.t.Fatal(err)
	}
	o.told.Write(r.stdout.Bytes())
	o.told.Write(r.stderr.Bytes())
	if !slices.Contains(codes, r.code) {
		o.t.Fatalf("%q ends with code %d:\n%s%s", args, r.code, &r.stdout, &r.stderr)
	}
	return r
}

// crawls sets settings of the site and crawls it.
func (o *operator) crawls(url string, settings ...string) *crawled {
	o.t.Helper()
	o.must(append([]string{"site", "add", "site", url}, settings...), 0)
	r := o.must([]string{"crawl", "site", "--json"}, 0, 1, 3)
	var sites []*crawled
	if err := json.Unmarshal(r.stdout.Bytes(), &sites); err != nil || len(sites) != 1 {
		o.t.Fatalf("%v in %q; %s", err, &r.stdout, &r.stderr)
	}
	return sites[0]
}

// finds crawls the site and compares all digests with those of a folder.
func (o *operator) finds(root, url string, settings ...string) *crawled {
	o.t.Helper()
	c := o.crawls(url, settings...)
	if c.Outcome != "complete" {
		o.t.Fatalf("%s %q: %s: %s", url, settings, c.Outcome, c.says())
	}
	got := o.must([]string{"digest", "site", "-r"}, 0)
	want := o.must([]string{"digest", "--local", root, "-r"}, 0)
	if got.stdout.String() != want.stdout.String() {
		o.t.Errorf("%s %q: digests\n%swant\n%s", url, settings, &got.stdout, &want.stdout)
	}
	return c
}

// isRefused crawls the site, which must fail with words, of which some are the cause
// and some the remedy, and publish nothing.
func (o *operator) isRefused(url string, settings []string, words ...string) {
	o.t.Helper()
	c := o.crawls(url, settings...)
	if c.Outcome != "failed" {
		o.t.Errorf("%s %q: %s", url, settings, c.Outcome)
	}
	for _, word := range words {
		if !strings.Contains(c.Error, word) {
			o.t.Errorf("%s %q: there is no %q in %q", url, settings, word, c.Error)
		}
	}
	all, err := o.digests(o.t.Context(), o.dir, "site")
	if err != nil || len(all) > 0 {
		o.t.Errorf("after %q there is a snapshot of %d directories, %v", c.Error, len(all), err)
	}
}
