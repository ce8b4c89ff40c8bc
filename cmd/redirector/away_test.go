package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mirrortracker/internal/resolver"
)

// Started while the database is away, the program answers from the index that it has
// kept, and goes on with the database once that is back.
func TestStartWithoutDatabase(t *testing.T) {
	folder := t.TempDir()
	database, config := filepath.Join(folder, "tracker.db"), filepath.Join(folder, "tracker.toml")
	if err := fill("sqlite:" + database); err != nil {
		t.Fatal(err)
	}
	index := filepath.Join(folder, "index")
	text := fmt.Sprintf("database = %q\n[redirector]\ncache = %q\n[health]\nchecks = \"off\"\n", "sqlite:"+database, index)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	first := startChild(t, held.(*net.TCPListener), config)
	again, enough := time.Tick(10*time.Millisecond), time.After(time.Minute)
	for !resolver.Kept(index) {
		select {
		case <-again:
		case <-enough:
			t.Fatal("the index is not kept")
		}
	}
	first.end(t)

	if err := os.Rename(database, database+".away"); err != nil {
		t.Fatal(err)
	}
	second := startChild(t, held.(*net.TCPListener), config)
	second.await(t, "database is away")
	second.await(t, "index of the cache is in force")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+held.Addr().String()+"/a/pub/image%231.iso", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusFound || res.Header.Get("X-Mirror-Match") == "none" {
		t.Errorf("status %d, match %q", res.StatusCode, res.Header.Get("X-Mirror-Match"))
	}
	if err := os.Rename(database+".away", database); err != nil {
		t.Fatal(err)
	}
	second.await(t, "index loaded")
	second.end(t)
}
