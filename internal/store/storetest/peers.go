package storetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mirrortracker/internal/mirror"
	"mirrortracker/internal/store"
)

var peerTests = map[string]func(t *testing.T, w *world){
	"everything comes back": func(t *testing.T, w *world) {
		alpha := store.Peer{URL: "https://alpha.example/", Name: "Grüße", Key: "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3", Trust: []string{"*.de", "ftp://ftp.example.org/pub/"}, Introduces: true}
		beta := store.Peer{URL: "https://beta.example/", Via: alpha.URL}
		w.putPeers(t, beta, alpha)
		got, err := w.Peers(t.Context())
		wantSame(t, got, err, []store.Peer{alpha, beta})

		alpha.PeerState = store.PeerState{
			ETag: `"1"`, Polled: noon, Succeeded: noon.Add(-time.Hour), Seen: noon.Add(time.Minute), Error: "it is away",
			Bytes: 1 << 40, Packs: 3, Snapshots: 2, Refused: 1,
		}
		for _, url := range []string{alpha.URL, "https://gone.example/"} {
			if err := w.RecordPeer(t.Context(), url, alpha.PeerState); err != nil {
				t.Fatal(err)
			}
		}
		alpha.Trust, alpha.Introduces = nil, false
		w.putPeers(t, alpha)
		nameless := alpha
		nameless.Name = ""
		w.putPeers(t, nameless)
		got, err = w.Peers(t.Context())
		wantSame(t, got, err, []store.Peer{alpha, beta})
	},
	"what they vouch for goes with them": func(t *testing.T, w *world) {
		alpha := store.Peer{URL: "https://alpha.example/", Key: "a"}
		beta := store.Peer{URL: "https://beta.example/", Key: "b", Via: alpha.URL}
		gamma := store.Peer{URL: "https://gamma.example/", Key: "c", Via: beta.URL}
		known := store.Peer{URL: "https://known.example/"}
		w.putPeers(t, alpha, beta, gamma, known)
		if err := w.RemovePeer(t.Context(), alpha.URL); err != nil {
			t.Fatal(err)
		}
		got, err := w.Peers(t.Context())
		wantSame(t, got, err, []store.Peer{known})
		wantError(t, w.RemovePeer(t.Context(), alpha.URL), store.ErrNoPeer)
	},
	"replace": func(t *testing.T, w *world) {
		stays := store.Peer{URL: "https://stays.example/", Name: "stays", Key: "a", Trust: []string{"*"}}
		vouched := store.Peer{URL: "https://vouched.example/", Key: "b", Via: stays.URL}
		gone := store.Peer{URL: "https://gone.example/", Key: "c"}
		lost := store.Peer{URL: "https://lost.example/", Key: "d", Via: gone.URL}
		known := store.Peer{URL: "https://known.example/"}
		w.putPeers(t, stays, vouched, gone, lost, known)
		added := store.Peer{URL: "https://added.example/", Key: "e", Trust: []string{"*.fr"}}
		want := []store.Peer{added, {URL: stays.URL, Key: "a", Trust: []string{"*"}}}
		changes, err := w.ReplacePeers(t.Context(), want)
		wantSame(t, changes, err, store.Changes{Added: []string{added.URL}, Removed: []string{gone.URL}})
		got, err := w.Peers(t.Context())
		wantSame(t, got, err, []store.Peer{added, known, stays, vouched})

		given := vouched
		given.Via, given.Trust = "", []string{"*.es"}
		changes, err = w.ReplacePeers(t.Context(), append(want, given))
		wantSame(t, changes, err, store.Changes{Updated: []string{given.URL}})
		if _, err := w.ReplacePeers(t.Context(), []store.Peer{added, added}); err == nil {
			t.Error("one stands twice")
		}
	},
	"too large": func(t *testing.T, w *world) {
		for name, p := range map[string]store.Peer{
			"URL":   {URL: "https://" + strings.Repeat("x", 3000)},
			"name":  {URL: "https://a.example/", Name: strings.Repeat("x", 101)},
			"key":   {URL: "https://a.example/", Key: strings.Repeat("x", 101)},
			"trust": {URL: "https://a.example/", Trust: []string{strings.Repeat("x", 1<<16)}},
		} {
			var large *store.TooLargeError
			if err := w.PutPeer(t.Context(), p); !errors.As(err, &large) {
				t.Errorf("%s: got %v", name, err)
			}
		}
	},
	"refusals": func(t *testing.T, w *world) {
		alpha := store.Peer{URL: "https://alpha.example/", Key: "a"}
		w.putPeers(t, alpha)
		a, b := baseURL(t, "ftp://a.example/"), baseURL(t, "ftp://b.example/")
		first := store.Refusal{Peer: alpha.URL, Site: a, Root: w.tree("f").ID, Finished: noon, At: noon.Add(time.Hour), Reason: "it is too old"}
		second, third, stranger := first, first, first
		second.Site = b
		third.Finished, third.Reason = noon.Add(time.Minute), "it is not signed"
		stranger.Peer = "https://gone.example/"
		for _, r := range []store.Refusal{second, first, third, stranger} {
			if err := w.Refuse(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		got, err := w.Refusals(t.Context())
		wantSame(t, got, err, []store.Refusal{third, second})
		if err := w.ForgetRefusal(t.Context(), alpha.URL, mirror.Site{URL: a}.ID()); err != nil {
			t.Fatal(err)
		}
		got, err = w.Refusals(t.Context())
		wantSame(t, got, err, []store.Refusal{second})
		if err := w.RemovePeer(t.Context(), alpha.URL); err != nil {
			t.Fatal(err)
		}
		w.putPeers(t, alpha)
		got, err = w.Refusals(t.Context())
		wantSame(t, got, err, []store.Refusal{})
	},
}

func (w *world) putPeers(t *testing.T, peers ...store.Peer) {
	t.Helper()
	for _, p := range peers {
		if err := w.PutPeer(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
}
