package wire

import (
	"testing"

	"pgregory.net/rapid"
)

var someEntry = rapid.Custom(func(t *rapid.T) Entry {
	e := Entry{Name: Path(rapid.StringN(1, 8, -1).Draw(t, "name")), Kind: rapid.SampledFrom([]Kind{File, Directory}).Draw(t, "kind")}
	if e.Kind == File {
		e.Size, e.Version = rapid.Int64Min(0).Draw(t, "size"), rapid.Uint64().Draw(t, "version")
	} else {
		e.Sub = SyncDigest(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "sub"))
	}
	return e
})

// A digest kept up to date is that of what there is now, whatever came and went before, and
// in which order.
func TestSyncDigestsFollowChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stay := rapid.SliceOf(someEntry).Draw(t, "stay")
		pass := rapid.SliceOf(someEntry).Draw(t, "pass")
		var kept, fresh SyncDigest
		for _, e := range pass {
			kept.Add(e.Digest())
		}
		for _, e := range stay {
			kept.Add(e.Digest())
		}
		for _, e := range pass {
			kept.Sub(e.Digest())
		}
		for i := range stay {
			fresh.Add(stay[len(stay)-1-i].Digest())
		}
		if kept != fresh {
			t.Fatalf("%s is kept, and %s there", kept, fresh)
		}
	})
}

func TestSyncDigestsCarry(t *testing.T) {
	var all, one SyncDigest
	for i := range all {
		all[i] = 255
	}
	one[31] = 1
	sum := all
	sum.Add(one)
	if sum != (SyncDigest{}) {
		t.Errorf("2^256 is %s", sum)
	}
	sum.Sub(one)
	if sum != all {
		t.Errorf("-1 is %s", sum)
	}
}

func TestEntriesDiffer(t *testing.T) {
	seen := map[SyncDigest]Entry{}
	for _, e := range []Entry{
		{Name: "a", Kind: File},
		{Name: "b", Kind: File},
		{Name: "a", Kind: File, Size: 1},
		{Name: "a", Kind: File, Version: 1},
		{Name: "a", Kind: Directory},
		{Name: "a", Kind: Directory, Sub: SyncDigest{1}},
	} {
		if other, is := seen[e.Digest()]; is {
			t.Errorf("%v and %v have one digest", e, other)
		}
		seen[e.Digest()] = e
	}
}
