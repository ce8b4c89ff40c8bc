package account

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// cheap is a cost for tests.
var cheap = Cost{Time: 1, Memory: 8, Threads: 1}

func TestHash(t *testing.T) {
	h := NewHasher(cheap, 1)
	hash, err := h.Hash(t.Context(), "right horse")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=8,t=1,p=1$") {
		t.Errorf("hash %s", hash)
	}
	again, err := h.Hash(t.Context(), "right horse")
	if err != nil || again == hash {
		t.Errorf("the same hash twice, %v", err)
	}
	other := NewHasher(DefaultCost, 1) // a cost that was changed since
	for password, want := range map[string]bool{"right horse": true, "right hors": false, "": false, strings.Repeat("x", 10_000): false} {
		for _, h := range []*Hasher{h, other} {
			if got, err := h.Verify(t.Context(), hash, password); err != nil || got != want {
				t.Errorf("%.20q: got %v, %v", password, got, err)
			}
		}
	}
	if ok, err := h.Verify(t.Context(), "", ""); ok || err != nil {
		t.Errorf("nobody's hash: %v, %v", ok, err)
	}
}

// What another program made of "password" with the salt "somesalt": the reference
// implementation's own test (phc-winner-argon2, test.c, version 0x13).
func TestHashOfTheReference(t *testing.T) {
	const hash = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
	if ok, err := NewHasher(cheap, 1).Verify(t.Context(), hash, "password"); !ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
}

func TestHashRefused(t *testing.T) {
	for name, hash := range map[string]string{
		"other kind":   "$2a$10$abcdefghijklmnopqrstuv",
		"argon2i":      "$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"no passes":    "$argon2id$v=19$m=8,t=0,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"much memory":  "$argon2id$v=19$m=4294967295,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"many threads": "$argon2id$v=19$m=8,t=1,p=255$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"short sum":    "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$nf4",
		"rest":         "$argon2id$v=19$m=8,t=1,p=1x$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"version":      "$argon2id$v=16$m=8,t=1,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
		"text":         "secret",
	} {
		if ok, err := NewHasher(cheap, 1).Verify(t.Context(), hash, "password"); ok || err == nil || strings.Contains(err.Error(), hash) {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

func TestValidPassword(t *testing.T) {
	for _, password := range []string{"", "a\nb", "a\x00", "\r", strings.Repeat("x", MaxPassword+1)} {
		if _, err := NewHasher(cheap, 1).Hash(t.Context(), password); err == nil {
			t.Errorf("%q was taken", password)
		}
	}
	if err := ValidPassword(" é\xff" + strings.Repeat("x", MaxPassword-5)); err != nil {
		t.Error(err)
	}
}

// Whoever comes when all memory is taken waits, and can stop waiting.
func TestHasherWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(cheap, 2)
		if err := h.free.Acquire(t.Context(), h.memory); err != nil {
			t.Fatal(err)
		}
		var done atomic.Int64
		for range 5 {
			go func() {
				if _, err := h.Verify(t.Context(), "", "x"); err == nil {
					done.Add(1)
				}
			}()
		}
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() {
			_, err := h.Verify(ctx, "", "x")
			left <- err
		}()
		synctest.Wait()
		if done.Load() != 0 {
			t.Error("there was no memory, and yet a hash was made")
		}
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		h.free.Release(h.memory)
		synctest.Wait()
		if done.Load() != 5 {
			t.Errorf("%d of 5 hashes were made", done.Load())
		}
	})
}
