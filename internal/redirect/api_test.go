package redirect

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
	"github.com/go-chi/chi/v5"
	"pgregory.net/rapid"

	"mirrortracker/internal/resolver"
	"mirrortracker/internal/urn"
)

var update = flag.Bool("update", false, "write openapi.json anew from openapi.yaml")

var anObject = regexp.MustCompile(`(?m)^( *)type: (object|\[object, "null"\])\n`)

// described returns the description of the API.
func described(t testing.TB) []byte {
	t.Helper()
	text, err := openAPI.ReadFile("openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// strict makes a description one of objects without members that it does not name. To
// those who read it, it is open to new ones.
func strict(text []byte) []byte {
	return anObject.ReplaceAll(text, []byte("$0${1}additionalProperties: false\n"))
}

// load reads a description of the API, and returns what finds its routes, too.
func load(t testing.TB, text []byte) (*openapi3.T, routers.Router) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return doc, router
}

// The description as JSON is that as YAML.
func TestDescriptionsAgree(t *testing.T) {
	doc, _ := load(t, described(t))
	text, err := doc.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Indent(&want, text, "", "  "); err != nil {
		t.Fatal(err)
	}
	want.WriteByte('\n')
	if *update {
		if err := os.WriteFile("openapi.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := openAPI.ReadFile("openapi.json")
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("openapi.json is not openapi.yaml (%v): run go test -run %s -update", err, t.Name())
	}
}

// Every route is described, and what is described is there.
func TestRoutesAreDescribed(t *testing.T) {
	doc, _ := load(t, described(t))
	var routes []string
	walk := func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		routes = append(routes, method+" "+route)
		return nil
	}
	if err := chi.Walk(New(Config{Source: newWorld().hold(t)}).api(), walk); err != nil {
		t.Fatal(err)
	}
	var described []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(routes)
	slices.Sort(described)
	if !slices.Equal(routes, described) {
		t.Errorf("routes %q, described are %q", routes, described)
	}
}

// An api asks for resources and holds requests and replies against the
// description.
type api struct {
	handler http.Handler
	router  routers.Router
}

func newAPI(t testing.TB, source Source) *api {
	t.Helper()
	names, err := urn.NewNames("", []urn.Archive{{Name: "gnu", Site: "origin", Path: "/gnu"}})
	if err != nil {
		t.Fatal(err)
	}
	_, router := load(t, strict(described(t)))
	return &api{New(Config{Source: source, Now: clock, Names: names}).Handler(), router}
}

// get returns the status and the body of a reply. It must be described, and so
// must the request if the status is one of success.
func (a *api) get(t rapid.TB, target string) (status int, body []byte) {
	t.Helper()
	req := httptest.NewRequest("GET", "/api/v1"+target, nil)
	route, params, err := a.router.FindRoute(req)
	if err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	asked := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route}
	bad := openapi3filter.ValidateRequest(context.Background(), asked)
	rec := httptest.NewRecorder()
	a.handler.ServeHTTP(rec, req)
	body = rec.Body.Bytes()
	if bad != nil && rec.Code == http.StatusOK {
		t.Errorf("%s is answered against the description: %v", target, bad)
	}
	if err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked, Status: rec.Code, Header: rec.Result().Header, Body: io.NopCloser(bytes.NewReader(body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}); err != nil {
		t.Errorf("%s: reply %d against the description: %v\n%s", target, rec.Code, err, body)
	}
	return rec.Code, body
}

func TestAPI(t *testing.T) {
	w := example(t)
	for i := range w.snapshots {
		w.snapshots[i].Origin, w.snapshots[i].Via = "far", "https://peer.example/"
	}
	a := newAPI(t, w.hold(t))
	for _, c := range []struct {
		target string
		status int
		want   []string // in the body
	}{
		{"/status", 200, []string{`"ready": true`, `"nid": "mirror"`, `"name": "gnu"`}},
		{"/sites", 200, []string{`"name": "origin"`, `"next": ""`, `"ipv6": "unknown"`}},
		{"/sites?limit=2", 200, []string{`"name": "deep"`, `"next": "ZWFzdA"`}},
		{"/sites?limit=2&cursor=ZWFzdA", 200, []string{`"name": "late"`}},
		{"/sites?limit=0", 400, []string{"limit"}},
		{"/sites?cursor=*", 400, []string{"cursor"}},
		{"/sites/east", 200, []string{`"name": "east"`, `"origin": "far"`, `"via": "https://peer.example/"`}},
		{"/sites/late", 200, []string{`"snapshot": null`}},
		{"/sites/nobody", 404, []string{`"status":404`}},
		{"/directories?url=ftp://origin.example/pub/gnu/", 200, []string{`"name": "%FF%FE"`, `"name": "a%23b%3Fc%20%25.txt"`, `"kind": "directory"`}},
		{"/directories?url=ftp%3A%2F%2Forigin.example%2Fpub%2F", 200, []string{`"target": "gnu/sub"`, `"incomplete": "refused"`}},
		{"/directories?url=/west/mirrors/gnu&limit=1", 200, []string{`"next": "P`}},
		{"/directories?url=/origin/gnu/file1", 404, nil},
		{"/directories?url=/late/", 404, nil},
		{"/directories?url=/nobody/", 404, nil},
		{"/directories", 400, []string{"url is missing"}},
		{"/directories?url=", 400, []string{"url is empty"}},
		{"/replicas?url=/origin/gnu/file1", 200, []string{`"match": "exact"`, `"urn:mirror:gnu/file1"`, `"size": 101`}},
		{"/replicas?url=/origin/gnu/file1&from=192.0.2.1", 200, nil},
		{"/replicas?url=/origin/gnu/file1&within=/gnu", 200, nil},
		{"/replicas?url=/origin/gnu/file1&within=/nothing", 404, nil},
		{"/replicas?url=/origin/small/", 200, []string{"doubtful"}},
		{"/replicas?url=/late/%25ff", 200, []string{`"known": false`, `"snapshot": null`}},
		{"/replicas?url=/origin/gnu&from=me", 400, []string{"from"}},
		{"/replicas?url=ftp://evil.example/", 404, nil},
		{"/diff?a=/origin/gnu&b=/east/g", 200, []string{`"equal": true`, `"differences": []`}},
		{"/diff?a=/origin/gnu&b=/wrong/gnu", 200, []string{`"equal": false`, `"path": "sub/deep.tar"`}},
		{"/diff?a=/origin/gnu&b=/wrong/gnu&blind", 200, []string{`"equal": true`}},
		{"/diff?a=/origin/gnu&b=/wrong/gnu&limit=2", 200, []string{`"complete": false`}},
		{"/diff?a=/origin&b=/west/mirrors", 200, []string{`"path": "alone"`, `"b": null`}},
		{"/diff?a=/origin/gnu&b=/wrong/nothing", 404, []string{"parameter b"}},
		{"/diff?a=/origin/gnu", 400, []string{"parameter b is missing"}},
		{"/diff?a=/origin/gnu&b=/wrong/gnu&limit=x", 400, nil},
		{"/openapi.yaml", 200, []string{"openapi: 3.1.0"}},
		{"/openapi.json", 200, []string{`"openapi": "3.1.0"`}},
	} {
		status, body := a.get(t, c.target)
		if status != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.target, status, c.status, body)
		}
		for _, want := range c.want {
			if !strings.Contains(string(body), want) {
				t.Errorf("%s: no %s in %s", c.target, want, body)
			}
		}
	}
	if res := ask(a.handler, "GET", "/api/v1/nothing"); res.StatusCode != 404 || res.Header.Get("Content-Type") != problemText {
		t.Errorf("nothing: status %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
}

// Without an index there is only the state.
func TestAPIWithoutIndex(t *testing.T) {
	a := newAPI(t, &held{status: resolver.Status{Failing: crawled}})
	for target, want := range map[string]int{"/status": 200, "/sites": 503, "/sites/x": 503, "/replicas?url=/a/b": 503, "/diff?a=/a&b=/b": 503, "/directories?url=/a": 503} {
		if status, body := a.get(t, target); status != want {
			t.Errorf("%s: status %d, want %d: %s", target, status, want, body)
		}
	}
}

// Whatever bytes are in names, replies are JSON as it is described, and say the
// names.
func TestAPINames(t *testing.T) {
	_, router := load(t, strict(described(t)))
	rapid.Check(t, func(rt *rapid.T) {
		name := names().Draw(rt, "name")
		if name[0] == '.' {
			name = "x" + name
		}
		w := newWorld()
		w.site(t, "s", 100, dir{"d": dir{name: file{1, 1}, "z" + name: dir{}}, "e": dir{"z" + name: link(name)}}, "ftp://s.example/")
		a := &api{New(Config{Source: w.hold(t), Now: clock}).Handler(), router}
		status, body := a.get(rt, "/diff?a=/s/d&b=/s/e") // which has entries of both
		if status != 200 {
			rt.Fatalf("status %d: %s", status, body)
		}
		place := url.QueryEscape("/s/d/" + name)
		res := ask(a.handler, "GET", "/api/v1/replicas?url="+place)
		var l mirrorList
		if err := json.NewDecoder(res.Body).Decode(&l); err != nil || res.StatusCode != 200 {
			rt.Fatalf("%s: status %d, %v", place, res.StatusCode, err)
		}
		if got, err := url.PathUnescape(l.Path); err != nil || got != "/d/"+name || !l.Known {
			rt.Fatalf("%q is %q, %v", name, l.Path, err)
		}
	})
}
