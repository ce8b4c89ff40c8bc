package nearest

import (
	"bytes"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maxmind/mmdbwriter/mmdbtype"
)

func lookUp(d *Databases, addr string) Where {
	var f finding
	d.Atlas().addTo(&f, netip.MustParseAddr(addr), netip.Prefix{})
	return f.Where
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	countries, systems := filepath.Join(dir, "countries.mmdb"), filepath.Join(dir, "systems.mmdb")
	country := func(code string) row {
		return row{"192.0.2.0/24", mmdbtype.Map{"country_code": mmdbtype.String(code)}}
	}
	d := NewDatabases([]string{countries, systems}, slog.New(slog.DiscardHandler))
	if got := lookUp(d, "192.0.2.1"); got != (Where{}) {
		t.Errorf("nothing was read, and yet %+v", got)
	}

	// What is there is read, and what is not is in the error.
	writeDatabase(t, countries, country("DE"))
	if err := d.Reload(); err == nil || !strings.Contains(err.Error(), systems) || strings.Contains(err.Error(), countries) {
		t.Errorf("got %v", err)
	}
	if got := lookUp(d, "192.0.2.1"); got.Country != "de" {
		t.Errorf("got %+v", got)
	}

	// What appears is read, and what has not changed is the same.
	writeDatabase(t, systems, row{"192.0.0.0/16", mmdbtype.Map{"asn": mmdbtype.String("AS680"), "country_code": mmdbtype.String("FR")}})
	if err := d.Reload(); err != nil {
		t.Fatal(err)
	}
	if got := lookUp(d, "192.0.2.1"); got.Country != "de" || got.AS != 680 {
		t.Errorf("got %+v", got)
	}
	before := d.Atlas()
	if err := d.Reload(); err != nil || d.Atlas() != before {
		t.Errorf("nothing has changed, and yet there is another atlas, %v", err)
	}

	// A broken file leaves in force what was there, and is complained about each time.
	if err := os.WriteFile(countries, []byte("<html>404</html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Reload(); err == nil || !strings.Contains(err.Error(), "stays in force") {
			t.Errorf("got %v", err)
		}
	}
	if got := lookUp(d, "192.0.2.1"); got.Country != "de" || d.Atlas() != before {
		t.Errorf("got %+v", got)
	}
	if err := os.Remove(countries); err != nil {
		t.Fatal(err)
	}
	if err := d.Reload(); err == nil || lookUp(d, "192.0.2.1").Country != "de" {
		t.Errorf("got %v", err)
	}

	// A sound one that takes its place is read; the old atlas is as it was.
	writeDatabase(t, countries+".new", country("NL"))
	if err := os.Rename(countries+".new", countries); err != nil {
		t.Fatal(err)
	}
	if err := d.Reload(); err != nil || lookUp(d, "192.0.2.1").Country != "nl" {
		t.Errorf("got %v", err)
	}
	// So is one that is written over it, or takes its place with the same size and date.
	sound, err := os.Stat(countries)
	if err != nil {
		t.Fatal(err)
	}
	writeDatabase(t, countries, country("BE"))
	if err := os.Chtimes(countries, time.Time{}, sound.ModTime().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := d.Reload(); err != nil || lookUp(d, "192.0.2.1").Country != "be" {
		t.Errorf("got %v", err)
	}
	writeDatabase(t, countries+".new", country("LU"))
	if err := os.Chtimes(countries+".new", time.Time{}, sound.ModTime().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(countries+".new", countries); err != nil {
		t.Fatal(err)
	}
	if err := d.Reload(); err != nil || lookUp(d, "192.0.2.1").Country != "lu" {
		t.Errorf("got %v", err)
	}
	var f finding
	if before.addTo(&f, netip.MustParseAddr("192.0.2.1"), netip.Prefix{}); f.Country != "de" {
		t.Errorf("the old atlas has changed: %+v", f)
	}
}

// What is no file is not opened: a pipe would never end.
func TestReloadOfAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe.mmdb")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	d := NewDatabases([]string{path}, slog.New(slog.DiscardHandler))
	if err := d.Reload(); err == nil || !strings.Contains(err.Error(), path+" is no regular file") {
		t.Errorf("got %v", err)
	}
}

// Files are read again when they change, and trouble is logged when it begins and ends.
func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.mmdb")
	synctest.Test(t, func(t *testing.T) {
		var text bytes.Buffer
		d := NewDatabases([]string{path}, slog.New(slog.NewTextHandler(&text, nil)))
		go d.Run(t.Context(), time.Minute)
		time.Sleep(3*time.Minute + time.Second)
		synctest.Wait()
		if n := strings.Count(text.String(), "cannot be read"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, &text)
		}
		writeDatabase(t, path, row{"192.0.2.0/24", mmdbtype.Map{"country_code": mmdbtype.String("DE")}})
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if !strings.Contains(text.String(), "can be read again") || lookUp(d, "192.0.2.1").Country != "de" {
			t.Errorf("logged\n%s", &text)
		}
	})
}
