package account

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mirrortracker/internal/store"
	"mirrortracker/internal/testbed"
)

func freshSQLite(t testing.TB) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "var", "ftpd.db")
}

func TestSQLite(t *testing.T)  { contract(t, freshSQLite) }
func TestMariaDB(t *testing.T) { contract(t, testbed.MariaDB) }

func TestStrictMariaDB(t *testing.T) {
	contract(t, testbed.StrictMariaDB(t).Database)
}

// contract is what every database keeps.
func contract(t *testing.T, fresh func(testing.TB) string) {
	for name, test := range map[string]func(*testing.T, string){
		"users":      usersAreKept,
		"groups":     groupsAreKept,
		"anonymous":  anonymousIsThere,
		"membership": groupsOfMembersStay,
		"quota":      quotaIsKept,
		"race":       chargesDoNotRace,
		"strange":    strangeNamesAreNobody,
		"at once":    manyOpenAtOnce,
		"beside":     tablesBesideTheTrackers,
	} {
		t.Run(name, func(t *testing.T) { test(t, fresh(t)) })
	}
}

func openStore(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same compares users and groups by what they say.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
		cmp.Comparer(func(a, b Rule) bool { return a.String() == b.String() })); diff != "" {
		t.Errorf("%s: -want +got\n%s", what, diff)
	}
}

func usersAreKept(t *testing.T, url string) {
	s, ctx := openStore(t, url), t.Context()
	must(t, s.AddGroup(ctx, Group{Name: "b"}))
	must(t, s.AddGroup(ctx, Group{Name: "a"}))
	ann := User{
		Name: "ann", Password: "$argon2id$x", Home: "/home/\xff ann", Groups: []string{"b", "a"},
		Rules:    rules(t, "deny all /a b/*", "allow list,read /é/**"),
		Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")},
		Limits:   Limits{Bytes: 1 << 40, Files: Unlimited, Up: 3, Down: 4, Sessions: 5, PerAddress: 6},
		Disabled: true, Expires: noon,
	}
	must(t, s.AddUser(ctx, ann))
	must(t, s.AddUser(ctx, User{Name: "Ann"}))

	var taken *TakenError
	if err := s.AddUser(ctx, ann); !errors.As(err, &taken) {
		t.Errorf("added twice: %v", err)
	}
	if err := s.AddUser(ctx, User{Name: "bob", Groups: []string{"a", "none"}}); !errors.Is(err, ErrNoGroup) || !strings.Contains(err.Error(), "none") {
		t.Errorf("without the group: %v", err)
	}
	got, err := s.User(ctx, "ann")
	must(t, err)
	same(t, "ann", got, ann)
	groups, err := s.GroupsOf(ctx, got)
	must(t, err)
	same(t, "groups of ann", groups, []Group{{Name: "b"}, {Name: "a"}})

	must(t, s.ChangeUser(ctx, "ann", func(u *User) error {
		u.Groups, u.Disabled, u.Expires, u.Rules = []string{"a"}, false, time.Time{}, nil
		return nil
	}))
	ann.Groups, ann.Disabled, ann.Expires, ann.Rules = []string{"a"}, false, time.Time{}, nil
	all, err := s.Users(ctx)
	must(t, err)
	same(t, "all", all, []User{{Name: "Ann"}, ann, {Name: Anonymous}})

	refused := errors.New("refused")
	for name, change := range map[string]func(u *User) error{
		"by the caller": func(u *User) error { u.Home = "/x"; return refused },
		"not sound":     func(u *User) error { u.Home = "x"; return nil },
		"no group":      func(u *User) error { u.Groups = []string{"none"}; return nil },
	} {
		if err := s.ChangeUser(ctx, "ann", change); err == nil {
			t.Errorf("%s: it was changed", name)
		}
	}
	got, err = s.User(ctx, "ann")
	must(t, err)
	same(t, "ann after refused changes", got, ann)

	must(t, s.RemoveUser(ctx, "ann"))
	for what, err := range map[string]error{
		"read":   func() error { _, err := s.User(ctx, "ann"); return err }(),
		"remove": s.RemoveUser(ctx, "ann"),
		"change": s.ChangeUser(ctx, "ann", func(*User) error { return nil }),
	} {
		if !errors.Is(err, ErrNoUser) {
			t.Errorf("%s after removal: %v", what, err)
		}
	}
}

func groupsAreKept(t *testing.T, url string) {
	s, ctx := openStore(t, url), t.Context()
	staff := Group{
		Name: "staff", Rules: rules(t, "allow all ~/**"),
		Networks: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32")}, Limits: Limits{Up: 1, Files: 2},
	}
	must(t, s.AddGroup(ctx, staff))
	var taken *TakenError
	if err := s.AddGroup(ctx, Group{Name: "staff"}); !errors.As(err, &taken) {
		t.Errorf("added twice: %v", err)
	}
	must(t, s.ChangeGroup(ctx, "staff", func(g *Group) error { g.Limits.Up = Unlimited; return nil }))
	staff.Limits.Up = Unlimited
	got, members, err := s.Group(ctx, "staff")
	must(t, err)
	same(t, "staff", got, staff)
	if len(members) != 0 {
		t.Errorf("members %v", members)
	}
	must(t, s.AddGroup(ctx, Group{Name: "Staff"}))
	all, err := s.Groups(ctx)
	must(t, err)
	same(t, "all", all, []Group{{Name: "Staff"}, staff})
	must(t, s.RemoveGroup(ctx, "staff"))
	if err := s.RemoveGroup(ctx, "staff"); !errors.Is(err, ErrNoGroup) {
		t.Errorf("removed twice: %v", err)
	}
	if err := s.ChangeGroup(ctx, "staff", func(*Group) error { return nil }); !errors.Is(err, ErrNoGroup) {
		t.Errorf("changed after removal: %v", err)
	}
}

func anonymousIsThere(t *testing.T, url string) {
	s, ctx := openStore(t, url), t.Context()
	if err := s.AddUser(ctx, User{Name: Anonymous}); !errors.Is(err, ErrBuiltIn) {
		t.Errorf("added: %v", err)
	}
	if err := s.RemoveUser(ctx, "ftp"); !errors.Is(err, ErrBuiltIn) {
		t.Errorf("removed: %v", err)
	}
	for range 2 { // at first nothing is stored of it
		must(t, s.ChangeUser(ctx, "FTP", func(u *User) error { u.Limits.Sessions++; return nil }))
	}
	got, err := s.User(ctx, "Anonymous")
	must(t, err)
	same(t, "anonymous", got, User{Name: Anonymous, Limits: Limits{Sessions: 2}})
	if err := s.ChangeUser(ctx, Anonymous, func(u *User) error { u.Rules = rules(t, "allow all /**"); return nil }); err == nil {
		t.Error("anonymous clients may write")
	}
}

func groupsOfMembersStay(t *testing.T, url string) {
	s, ctx := openStore(t, url), t.Context()
	must(t, s.AddGroup(ctx, Group{Name: "staff"}))
	for _, name := range []string{"bob", "ann"} {
		must(t, s.AddUser(ctx, User{Name: name, Groups: []string{"staff"}}))
	}
	_, members, err := s.Group(ctx, "staff")
	must(t, err)
	same(t, "members", members, []string{"ann", "bob"})
	var kept *MembersError
	if err := s.RemoveGroup(ctx, "staff"); !errors.As(err, &kept) || len(kept.Members) != 2 {
		t.Errorf("got %v", err)
	}
	must(t, s.RemoveUser(ctx, "bob"))
	must(t, s.ChangeUser(ctx, "ann", func(u *User) error { u.Groups = nil; return nil }))
	must(t, s.RemoveGroup(ctx, "staff"))
}

func quotaIsKept(t *testing.T, url string) {
	s, ctx := openStore(t, url), t.Context()
	must(t, s.AddUser(ctx, User{Name: "ann", Limits: Limits{Bytes: 100, Files: 3}}))
	ann, err := s.User(ctx, "ann")
	must(t, err)
	a := Resolve(ann, nil)
	var quota *QuotaError
	for i, tt := range []struct {
		bytes, files int64
		over         bool
	}{
		{60, 1, false}, {41, 1, true}, {40, 1, false}, {1, 0, true}, {0, 1, false}, {0, 1, true},
		{-50, -1, false}, {50, 1, false}, {-1000, -1000, false}, {100, 3, false}, {1 << 62, 0, true},
	} {
		if err := s.Charge(ctx, a, tt.bytes, tt.files); errors.As(err, &quota) != tt.over || err != nil && !tt.over {
			t.Errorf("%d: %v", i, err)
		}
	}
	must(t, s.ChangeUser(ctx, "ann", func(u *User) error { u.Limits.Bytes = 50; return nil }))
	ann, err = s.User(ctx, "ann")
	must(t, err)
	if want := (Usage{Bytes: 100, Files: 3}); ann.Used != want {
		t.Errorf("used %+v", ann.Used)
	}
	must(t, s.Charge(ctx, Resolve(ann, nil), -10, 0)) // still above the new quota, but less
	if err := s.Charge(ctx, Resolve(User{Name: "bob"}, nil), 1, 1); !errors.Is(err, ErrNoUser) {
		t.Errorf("somebody who is gone: %v", err)
	}
	must(t, s.Charge(ctx, Resolve(User{Name: Anonymous}, nil), 1, 1))
	must(t, s.ChangeUser(ctx, "ann", func(u *User) error { u.Used = Usage{Bytes: 7}; return nil }))
	must(t, s.Charge(ctx, a, 1, 1))
	if ann, err = s.User(ctx, "ann"); err != nil || ann.Used != (Usage{Bytes: 8, Files: 1}) {
		t.Errorf("counted anew: %+v, %v", ann.Used, err)
	}
}

func chargesDoNotRace(t *testing.T, url string) {
	first, second, ctx := openStore(t, url), openStore(t, url), t.Context()
	must(t, first.AddUser(ctx, User{Name: "ann", Limits: Limits{Files: 30}}))
	ann, err := first.User(ctx, "ann")
	must(t, err)
	a := Resolve(ann, nil)
	var done sync.WaitGroup
	for i := range 8 {
		s := []*Store{first, second}[i%2]
		done.Go(func() {
			for range 5 {
				if err := s.Charge(ctx, a, 7, 1); err != nil && !errors.As(err, new(*QuotaError)) {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
	ann, err = first.User(ctx, "ann")
	must(t, err)
	if want := (Usage{Bytes: 210, Files: 30}); ann.Used != want {
		t.Errorf("used %+v", ann.Used)
	}
}

// Names come from the network, and databases compare them in ways of their own.
func strangeNamesAreNobody(t *testing.T, url string) {
	s, ctx := openStore(t, url), t.Context()
	must(t, s.AddUser(ctx, User{Name: "ann"}))
	for _, name := range []string{"", "ANN", "ann ", " ann", "ann\x00", "änn", "\xff", "a%", "' OR 1 = 1 --", strings.Repeat("a", 100_000)} {
		if u, err := s.User(ctx, name); !errors.Is(err, ErrNoUser) {
			t.Errorf("%.20q is %v, %v", name, u.Name, err)
		}
	}
}

func manyOpenAtOnce(t *testing.T, url string) {
	var done sync.WaitGroup
	for range 5 {
		done.Go(func() {
			s, err := Open(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Users(t.Context()); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
}

func tablesBesideTheTrackers(t *testing.T, url string) {
	for _, name := range []string{"ann", "bob"} {
		tracker, err := store.Open(t.Context(), url)
		must(t, err)
		_, err = tracker.Sites(t.Context())
		must(t, errors.Join(err, tracker.Close()))
		s, err := Open(t.Context(), url)
		must(t, err)
		must(t, errors.Join(s.AddUser(t.Context(), User{Name: name}), s.Close()))
	}
}

func TestOpenRefused(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	must(t, os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600))
	for url, why := range map[string]string{
		"sqlite:":                           "names no file",
		"sqlite:" + filepath.Dir(text):      "directory",
		"sqlite:" + text:                    "another kind",
		"sqlite:/dev/null/x":                "folder",
		"postgres://x":                      "unknown kind",
		"mysql://ann:secret@127.0.0.1:1/db": "refused",
	} {
		s, err := Open(t.Context(), url)
		if err == nil {
			s.Close()
			t.Errorf("%s was opened", url)
			continue
		}
		if !strings.Contains(err.Error(), why) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// The file holds hashes of passwords.
func TestTheFileIsItsOwners(t *testing.T) {
	url := freshSQLite(t)
	s := openStore(t, url)
	must(t, s.AddUser(t.Context(), User{Name: "ann"}))
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(strings.TrimPrefix(url, "sqlite:") + suffix)
		must(t, err)
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o", suffix, mode)
		}
	}
}

func TestCallsEndWithTheContext(t *testing.T) {
	s := openStore(t, freshSQLite(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.User(ctx, "ann"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
