package authority_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"mirrortracker/internal/database"
	"mirrortracker/internal/distftp/authority"
	"mirrortracker/internal/distftp/identity"
	"mirrortracker/internal/testbed"
)

func TestSQLite(t *testing.T) {
	contract(t, func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "ftpd.db") })
}

func TestMariaDB(t *testing.T) { contract(t, testbed.MariaDB) }

func contract(t *testing.T, fresh func(testing.TB) string) {
	for name, test := range map[string]func(t *testing.T, db *database.DB){
		"one authority":   oneAuthority,
		"enrolment":       enrolment,
		"tokens":          tokens,
		"one of many":     oneOfMany,
		"removal":         removal,
		"replacement":     replacement,
		"renewal":         renewal,
		"doors":           doors,
		"refusals":        refusals,
		"keys of tickets": ticketKeys,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := database.Open(t.Context(), fresh(t), database.FTPServer)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			test(t, db)
		})
	}
}

func open(t *testing.T, db *database.DB) *authority.Authority {
	t.Helper()
	a, err := authority.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

var masters = []string{"ftp.example.org:2122"}

func token(t *testing.T, a *authority.Authority, name string, replace bool) identity.Token {
	t.Helper()
	made, err := a.Token(t.Context(), name, masters, time.Hour, replace)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// request is what a slave with a new key asks for.
func request(t *testing.T, of identity.Token) identity.Request {
	t.Helper()
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return identity.Request{Secret: of.Secret, CSR: csr}
}

func enroll(t *testing.T, a *authority.Authority, q identity.Request) *x509.Certificate {
	t.Helper()
	p, err := a.Enroll(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(p.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func fails(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func oneAuthority(t *testing.T, db *database.DB) {
	var work sync.WaitGroup
	prints := make([]identity.Fingerprint, 4)
	for i := range prints {
		work.Go(func() {
			a, err := authority.Open(t.Context(), db)
			if err != nil {
				t.Error(err)
				return
			}
			made, err := a.Token(t.Context(), "atlas", masters, time.Hour, false)
			if err != nil {
				t.Error(err)
			}
			prints[i] = made.Authority
		})
	}
	work.Wait()
	for _, p := range prints {
		if p != prints[0] {
			t.Errorf("there are the authorities %s and %s", prints[0], p)
		}
	}
}

func enrolment(t *testing.T, db *database.DB) {
	a := open(t, db)
	made := token(t, a, "atlas", false)
	q := request(t, made)
	cert := enroll(t, a, q)
	enroll(t, a, q) // the answer was lost
	if name, err := a.Check(t.Context(), cert); err != nil || name != "atlas" {
		t.Errorf("it is %q, %v", name, err)
	}
	if name, err := open(t, db).Check(t.Context(), cert); err != nil || name != "atlas" {
		t.Errorf("to another master it is %q, %v", name, err)
	}
	all, err := a.Enrolled(t.Context())
	if err != nil || len(all) != 1 || all[0].Name != "atlas" || !all[0].Expires.Equal(cert.NotAfter) {
		t.Errorf("enrolled are %+v, %v", all, err)
	}
	_, err = a.Enroll(t.Context(), request(t, made))
	fails(t, "another key", err, authority.ErrUsed)
}

func tokens(t *testing.T, db *database.DB) {
	a := open(t, db)
	made := token(t, a, "atlas", false)
	forged := made
	forged.Secret = make([]byte, identity.SecretSize)
	_, err := a.Enroll(t.Context(), request(t, forged))
	fails(t, "another secret", err, authority.ErrToken)

	q := request(t, made)
	q.CSR[len(q.CSR)-1] ^= 1
	if _, err := a.Enroll(t.Context(), q); err == nil {
		t.Error("a request with a bad signature is granted")
	}
	if _, err := a.Token(t.Context(), "a.b", masters, time.Hour, false); err == nil {
		t.Error("a name with a dot is taken")
	}

	begin := time.Now()
	a.Now = func() time.Time { return begin.Add(time.Hour + 2*time.Second) }
	_, err = a.Enroll(t.Context(), request(t, made))
	fails(t, "a day later", err, authority.ErrExpired)
}

// Of many that use one token at once, one is enrolled.
func oneOfMany(t *testing.T, db *database.DB) {
	a := open(t, db)
	made := token(t, a, "atlas", false)
	var work sync.WaitGroup
	certs := make(chan []byte, 8)
	for range cap(certs) {
		q := request(t, made)
		work.Go(func() {
			p, err := a.Enroll(t.Context(), q)
			if err == nil {
				certs <- p.Certificate
			} else if !errors.Is(err, authority.ErrUsed) {
				t.Error(err)
			}
		})
	}
	work.Wait()
	if len(certs) != 1 {
		t.Errorf("%d are enrolled", len(certs))
	}
}

func removal(t *testing.T, db *database.DB) {
	a := open(t, db)
	q := request(t, token(t, a, "atlas", false))
	cert := enroll(t, a, q)
	unused := token(t, a, "atlas", true)
	if err := a.Revoke(t.Context(), "atlas"); err != nil {
		t.Fatal(err)
	}
	_, err := a.Check(t.Context(), cert)
	fails(t, "its certificate", err, authority.ErrRevoked)
	_, err = a.Enroll(t.Context(), q)
	fails(t, "its token", err, authority.ErrToken)
	_, err = a.Enroll(t.Context(), request(t, unused))
	fails(t, "a token not used yet", err, authority.ErrToken)
	enroll(t, a, request(t, token(t, a, "atlas", false)))
}

func replacement(t *testing.T, db *database.DB) {
	a := open(t, db)
	q := request(t, token(t, a, "atlas", false))
	old := enroll(t, a, q)
	_, err := a.Token(t.Context(), "atlas", masters, time.Hour, false)
	if e, is := errors.AsType[*authority.EnrolledError](err); !is || e.Name != "atlas" {
		t.Error(err)
	}
	made := token(t, a, "atlas", true)
	if _, err := a.Check(t.Context(), old); err != nil {
		t.Error("before the token is used:", err)
	}
	cert := enroll(t, a, request(t, made))
	if _, err := a.Check(t.Context(), cert); err != nil {
		t.Error(err)
	}
	_, err = a.Check(t.Context(), old)
	fails(t, "the old certificate", err, authority.ErrReplaced)
	_, err = a.Enroll(t.Context(), q)
	fails(t, "the old token", err, authority.ErrToken)
}

func renewal(t *testing.T, db *database.DB) {
	a := open(t, db)
	old := enroll(t, a, request(t, token(t, a, "atlas", false)))
	if der, err := a.Renew(t.Context(), old); err != nil || der != nil {
		t.Errorf("a new one is renewed: %x, %v", der, err)
	}
	master, err := a.Master("ftp.example.org:2122")
	if err != nil {
		t.Fatal(err)
	}
	before := master.Expires()

	begin := time.Now()
	a.Now = func() time.Time { return begin.Add(31 * 24 * time.Hour) }
	der, err := a.Renew(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if !cert.NotAfter.After(old.NotAfter) || identity.KeyOf(cert) != identity.KeyOf(old) {
		t.Errorf("until %s follows until %s", cert.NotAfter, old.NotAfter)
	}
	for _, c := range []*x509.Certificate{old, cert} {
		if _, err := a.Check(t.Context(), c); err != nil {
			t.Error(err)
		}
	}
	if err := a.RenewMaster(master); err != nil || !master.Expires().After(before) {
		t.Errorf("the master's is until %s, and was until %s: %v", master.Expires(), before, err)
	}
}

func doors(t *testing.T, db *database.DB) {
	a := open(t, db)
	now := time.Now()
	a.Now = func() time.Time { return now }
	are := func(running []string, want ...string) {
		t.Helper()
		got, err := a.Doors(t.Context(), running)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, %v; want %v", got, err, want)
		}
	}
	are([]string{"b:1"}, "b:1")
	are([]string{"a:1", "b:1"}, "a:1", "b:1")
	are([]string{"b:1"}, "a:1", "b:1") // the other is away
	are(nil, "a:1", "b:1")
	now = now.Add(29 * 24 * time.Hour)
	are([]string{"a:1"}, "a:1", "b:1")
	now = now.Add(2 * 24 * time.Hour)
	are(nil, "a:1")
}

func refusals(t *testing.T, db *database.DB) {
	a := open(t, db)
	now := time.Now().UTC().Truncate(time.Second)
	a.Now = func() time.Time { return now }
	addr := netip.MustParseAddr("2001:db8::1")
	for _, reason := range []string{"first", "then \xff" + strings.Repeat("é", 600)} {
		if err := a.NoteRefusal(t.Context(), "atlas", addr, errors.New(reason)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := authority.Refusals(t.Context(), db)
	if err != nil || len(got) != 1 || got[0].Slave != "atlas" || got[0].Addr != addr || !got[0].At.Equal(now) || !strings.HasPrefix(got[0].Reason, "then ?é") {
		t.Errorf("got %+v, %v", got, err)
	}
	now = now.Add(-25 * time.Hour)
	if err := a.NoteRefusal(t.Context(), "atlas", addr, errors.New("long ago")); err != nil {
		t.Fatal(err)
	}
	if got, err := authority.Refusals(t.Context(), db); err != nil || len(got) != 0 {
		t.Errorf("a day later: %+v, %v", got, err)
	}
}

func ticketKeys(t *testing.T, db *database.DB) {
	now := time.Date(2026, 3, 1, 23, 59, 59, 0, time.UTC)
	keys := func(now time.Time) [][32]byte {
		t.Helper()
		keys, err := open(t, db).TicketKeys(now)
		if err != nil || len(keys) != 3 {
			t.Fatal(keys, err)
		}
		return keys
	}
	today, tomorrow := keys(now), keys(now.Add(time.Second))
	if !reflect.DeepEqual(today, keys(now)) {
		t.Error("two masters have different keys")
	}
	if today[0] == today[1] || today[0] != tomorrow[1] || today[2] != tomorrow[0] {
		t.Error("keys do not follow the days")
	}
}
