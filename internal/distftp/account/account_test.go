package account

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mirrortracker/internal/mirror"
)

func rules(t rapid.TB, texts ...string) []Rule {
	t.Helper()
	all := make([]Rule, len(texts))
	for i, text := range texts {
		var err error
		if all[i], err = ParseRule(text); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestDecide(t *testing.T) {
	staff := Group{Name: "staff", Rules: rules(t, "allow all /pub/**", "deny write ~/**", "allow list /secret")}
	last := Group{Name: "last", Rules: rules(t, "allow admin /**", "deny all /**")}
	ann := Resolve(User{
		Name: "ann", Home: "/home/ann",
		Rules: rules(t, "deny delete /pub/kept/**", "allow all ~/**", "deny list,read /secret/**", "allow read,append /pub/log"),
	}, []Group{staff, last})
	homes := []Group{{Name: "homes", Rules: rules(t, "allow all ~/**")}}
	homeless, rooted := Resolve(User{Name: "bob"}, homes), Resolve(User{Name: "root", Home: "/"}, homes)
	guest := Resolve(User{Name: "guest"}, nil)
	anonymous := Resolve(User{Name: Anonymous, Rules: rules(t, "deny all /secret/**")}, []Group{staff, last})
	tests := []struct {
		who   *Account
		path  mirror.Path
		verbs Verbs
		want  Decision
	}{
		{ann, "/pub/kept/a", Delete, Decision{false, "deny delete /pub/kept/**", "user ann"}},
		{ann, "/pub/kept/a", Write, Decision{true, "allow all /pub/**", "group staff"}},
		{ann, "/home/ann/a", Write, Decision{true, "allow all ~/**", "user ann"}},
		{ann, "/home/bob/a", Write, Decision{false, "deny all /**", "group last"}},
		{ann, "/secret", List, Decision{false, "deny list,read /secret/**", "user ann"}},
		{ann, "/", Read, Decision{false, "deny all /**", "group last"}},
		{ann, "/", Admin, Decision{true, "allow admin /**", "group last"}},
		{homeless, "/home/x", Write, Decision{false, "", "the built-in rules"}},
		{homeless, "/", Write, Decision{false, "", "the built-in rules"}},
		{rooted, "/home/x", Write, Decision{true, "allow all ~/**", "group homes"}},
		{guest, "/a", List, Decision{true, "", "the built-in rules"}},
		{guest, "/a", Read, Decision{true, "", "the built-in rules"}},
		{guest, "/a", Write, Decision{false, "", "the built-in rules"}},
		{guest, "/", Admin, Decision{false, "", "the built-in rules"}},
		{anonymous, "/pub/a", Read, Decision{true, "allow all /pub/**", "group staff"}},
		{anonymous, "/pub/a", Write, Decision{false, "", "the built-in rules"}},
		{anonymous, "/secret/a", Read, Decision{false, "deny all /secret/**", "user anonymous"}},
		{anonymous, "/", Admin, Decision{false, "", "the built-in rules"}},
	}
	for _, tt := range tests {
		if got := tt.who.Decide(tt.path, tt.verbs); got != tt.want {
			t.Errorf("%s, %s %s: got %+v, want %+v", tt.who.Name, tt.verbs, tt.path, got, tt.want)
		}
	}
	if !ann.Permits("/pub/a", Write|Delete) || ann.Permits("/pub/kept/a", Write|Delete) {
		t.Error("of two verbs both must be permitted")
	}
	if ann.Permits("/pub/a", 0) {
		t.Error("no verb at all is permitted")
	}
}

var drawAccount = rapid.Custom(func(t *rapid.T) *Account {
	draw := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Rule {
		p, err := ParsePattern(drawPattern.Draw(t, "pattern"))
		if err != nil {
			t.Fatal(err)
		}
		return Rule{Allow: rapid.Bool().Draw(t, "allow"), Verbs: Verbs(rapid.IntRange(1, 255).Draw(t, "verbs")), Pattern: p}
	}), 0, 4)
	name := rapid.SampledFrom([]string{"ann", Anonymous}).Draw(t, "name")
	return Resolve(User{Name: name, Rules: draw.Draw(t, "user")}, []Group{{Name: "g", Rules: draw.Draw(t, "group")}})
})

// What is permitted follows from the documentation, told once more in another way.
func TestPermitsLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, path := drawAccount.Draw(t, "account"), drawPath.Draw(t, "path")
		verb := Verbs(1) << rapid.IntRange(0, 7).Draw(t, "verb")
		want := verb == List || verb == Read
		for i := len(a.rules) - 1; i >= 0; i-- { // the first has the last word
			if r := a.rules[i]; r.Verbs&verb != 0 && reference(r.Pattern.String(), path) {
				want = r.Allow
			}
		}
		if a.Anonymous && verb != List && verb != Read {
			want = false
		}
		if got := a.Permits(path, verb); got != want {
			t.Errorf("%s %s: got %v", verb, path, got)
		}
		if got := a.Decide(path, verb).Allowed; got != want {
			t.Errorf("%s %s: decided %v", verb, path, got)
		}
		other := Verbs(1) << rapid.IntRange(0, 7).Draw(t, "other")
		if both := a.Permits(path, verb|other); both != (want && a.Permits(path, other)) {
			t.Errorf("%s and %s of %s: got %v", verb, other, path, both)
		}
	})
}

func TestPermitsAllocatesNothing(t *testing.T) {
	a := Resolve(User{Name: "ann", Home: "/home/ann", Rules: rules(t, "deny all /x/**/y*", "allow all ~/**")}, nil)
	if n := testing.AllocsPerRun(100, func() { a.Permits("/home/ann/a/b/c", Write|Delete) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestResolveLimits(t *testing.T) {
	a := Resolve(User{Name: "ann", Limits: Limits{Bytes: 1, Files: Unlimited}}, []Group{
		{Limits: Limits{Bytes: 2, Files: 2, Up: Unlimited}},
		{Limits: Limits{Bytes: 3, Files: 3, Up: 3, Sessions: 3}},
	})
	if diff := cmp.Diff(Limits{Bytes: 1, Sessions: 3}, a.Limits); diff != "" {
		t.Error(diff)
	}
	if a.Home != mirror.Root {
		t.Errorf("home %s", a.Home)
	}
}

func TestVerbs(t *testing.T) {
	for text, want := range map[string]Verbs{
		"list": List, "list,read": List | Read, "all": All, "all,admin": All | Admin, "mkdir": Mkdir,
	} {
		if got, err := ParseVerbs(text); err != nil || got != want || got.String() != text {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "List", "list,", "list, read", "any"} {
		if v, err := ParseVerbs(text); err == nil {
			t.Errorf("%q was read as %s", text, v)
		}
	}
}

func TestValidate(t *testing.T) {
	sound := User{Name: "Ann.B-c_1+x@example.org", Home: "/home/ann", Groups: []string{"a", "b"}, Expires: time.Unix(1, 0)}
	if err := sound.Validate(); err != nil {
		t.Error(err)
	}
	for name, u := range map[string]User{
		"no name":           {},
		"blank":             {Name: "ann b"},
		"line":              {Name: "ann\n"},
		"dash":              {Name: "-ann"},
		"letters":           {Name: "änn"},
		"long":              {Name: string(make([]byte, 65))},
		"home":              {Name: "ann", Home: "home"},
		"home with slash":   {Name: "ann", Home: "/home/"},
		"home with dots":    {Name: "ann", Home: "/home/../x"},
		"group":             {Name: "ann", Groups: []string{"a b"}},
		"group twice":       {Name: "ann", Groups: []string{"a", "b", "a"}},
		"limit":             {Name: "ann", Limits: Limits{Up: -2}},
		"network":           {Name: "ann", Networks: make([]netip.Prefix, 1)},
		"ftp":               {Name: "FTP"},
		"anonymous, writes": {Name: Anonymous, Rules: rules(t, "allow read,write /**")},
		"anonymous, secret": {Name: Anonymous, Password: "x"},
	} {
		if err := u.Validate(); err == nil {
			t.Errorf("%s is sound", name)
		}
	}
}

func TestParseNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1": "192.0.2.1/32", "192.0.2.0/24": "192.0.2.0/24", "2001:db8::/32": "2001:db8::/32",
		"::1": "::1/128", "::ffff:192.0.2.1": "192.0.2.1/32", "0.0.0.0/0": "0.0.0.0/0",
	} {
		if got, err := ParseNetwork(text); err != nil || got.String() != want {
			t.Errorf("%s: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "192.0.2.1/24", "192.0.2.0/33", "fe80::1%eth0", "::ffff:192.0.2.0/120", "192.0.2"} {
		if n, err := ParseNetwork(text); err == nil {
			t.Errorf("%s was read as %s", text, n)
		}
	}
}
