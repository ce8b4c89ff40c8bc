package account

import (
	"testing"
	"time"
)

// BenchmarkLogin is what one login costs with a password, right or wrong.
func BenchmarkLogin(b *testing.B) {
	d := NewDesk(OnlyAnonymous{}, NewHasher(DefaultCost, 2), time.Now)
	for b.Loop() {
		if _, err := d.Login(b.Context(), "nobody", "wrong", here); err == nil {
			b.Fatal("nobody was let in")
		}
	}
}

// BenchmarkAnonymousLogin is what one costs without, with the database asked once a second.
func BenchmarkAnonymousLogin(b *testing.B) {
	s, err := Open(b.Context(), freshSQLite(b))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	d := NewDesk(s, NewHasher(DefaultCost, 2), time.Now)
	for b.Loop() {
		session, err := d.Login(b.Context(), Anonymous, "", here)
		if err != nil {
			b.Fatal(err)
		}
		session.Close()
	}
}

// BenchmarkPermits asks for a path that none of twenty rules decides.
func BenchmarkPermits(b *testing.B) {
	var texts []string
	for range 20 {
		texts = append(texts, "deny write,delete /pub/**/private*/**")
	}
	a := Resolve(User{Name: "ann", Rules: rules(b, texts...)}, nil)
	for b.Loop() {
		a.Permits("/pub/linux/kernel/v6.x/linux-6.12.tar.xz", Write)
	}
}
