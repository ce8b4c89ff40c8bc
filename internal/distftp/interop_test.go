package distftp_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jlaffaye/ftp"

	"mirrortracker/internal/testbed"
)

// awkward are names that clients and servers like to spoil.
var awkward = []string{
	"plain", "two words", " lead", "trail ", "caf\xc3\xa9", "caf\xe9", "x -> y",
	`say "hi"`, "100%", "%41", "#hash", "q?mark", "semi;colon", "-dash", "a*b", "[x]",
	"\xff\xfe", "back\\slash", "~tilde", "'quote'",
}

// awkwardSite has every awkward name as a file and as a directory with a file.
func awkwardSite(t testing.TB) string {
	dir := t.TempDir()
	for i, name := range awkward {
		plant(t, dir, map[string]string{
			"files/" + name:           strings.Repeat(name+"\n", i*1000),
			"dirs/" + name + "/inner": name,
		})
	}
	return dir
}

// run runs a client to its end and returns what it printed.
func run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	out, err := tryRun(t, program, args...)
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
	return out
}

func tryRun(t *testing.T, program string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testbed.Need(t, program), args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+cmd.Dir, "LC_ALL=C.UTF-8")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%q: %w: %.2000s", args, err, &stderr)
	}
	return stdout.Bytes(), nil
}

// aria2 looks for the end of a transfer only once it has seen the beginning.
func TestManyFilesByAria2(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	addr := serveDir(t, dir)
	var urls strings.Builder
	const files = 60
	for i := range files {
		name := fmt.Sprint("file", i)
		plant(t, dir, map[string]string{name: strings.Repeat(name, i)})
		fmt.Fprintf(&urls, "ftp://%s/%s\n", addr, name)
	}
	list, log := filepath.Join(out, "list"), filepath.Join(out, "log")
	if err := os.WriteFile(list, []byte(urls.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "aria2c", "--no-conf", "--quiet", "--dir="+out, "--input-file="+list, "--max-concurrent-downloads=5", "--split=1",
		"--log="+log, "--log-level=info", "--timeout=5", "--max-tries=1")
	for i := range files {
		name := fmt.Sprint("file", i)
		if got := readFile(t, filepath.Join(out, name)); got != strings.Repeat(name, i) {
			t.Errorf("%s came as %q", name, got)
		}
	}
	if waited := strings.Count(readFile(t, log), "Timeout before receiving transfer complete"); waited > 0 {
		t.Errorf("it waited %d times for a 226 that it had", waited)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestCurl(t *testing.T) {
	dir := awkwardSite(t)
	addr := serveDir(t, dir)
	base := "ftp://" + addr + "/"
	for _, mode := range [][]string{{}, {"--disable-epsv"}, {"-P", "-"}, {"-P", "-", "--disable-eprt"}} {
		t.Run(strings.Join(append([]string{"mode"}, mode...), " "), func(t *testing.T) {
			// One run of curl fetches all, over one connection. In passive mode curl 7.88
			// often pauses for a second when the answer to EPSV or PASV comes at once, so
			// that only one mode tries all names.
			awkward := awkward
			if len(mode) == 1 {
				awkward = awkward[:3]
			}
			out := t.TempDir()
			args := append([]string{"-sS", "--fail", "--max-time", "60"}, mode...)
			for i, name := range awkward {
				args = append(args, "-o", filepath.Join(out, fmt.Sprint(i)), base+"files/"+strings.ReplaceAll(url.QueryEscape(name), "+", "%20"))
			}
			run(t, "curl", args...)
			for i, name := range awkward {
				sameFile(t, filepath.Join(dir, "files", name), filepath.Join(out, fmt.Sprint(i)))
			}
		})
	}
	t.Run("listing", func(t *testing.T) {
		names := lines(strings.ReplaceAll(string(run(t, "curl", "-sS", "-l", base+"files/")), "\n", "\r\n"))
		want := slices.Sorted(slices.Values(awkward))
		for i := range names {
			names[i] = strings.TrimSuffix(names[i], "\r")
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
	t.Run("resume", func(t *testing.T) {
		whole := filepath.Join(dir, "files", "100%")
		content, err := os.ReadFile(whole)
		if err != nil {
			t.Fatal(err)
		}
		part := filepath.Join(t.TempDir(), "part")
		if err := os.WriteFile(part, content[:777], 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, "curl", "-sS", "-C", "-", "-o", part, base+"files/100%25")
		sameFile(t, whole, part)
		if got := run(t, "curl", "-sS", "-r", "10-19", base+"files/100%25"); string(got) != string(content[10:20]) {
			t.Errorf("range: %q, want %q", got, content[10:20])
		}
	})
	t.Run("refusals", func(t *testing.T) {
		for path, code := range map[string]int{"files/nothere": 78, "nothere/": 9} {
			_, err := tryRun(t, "curl", "-sS", base+path)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != code {
				t.Errorf("%s: %v, want exit code %d", path, err, code)
			}
		}
	})
}

func TestLftp(t *testing.T) {
	dir := awkwardSite(t)
	addr := serveDir(t, dir)
	const settings = "set net:max-retries 2; set net:timeout 20; set dns:order inet; set ftp:charset ISO-8859-1; " +
		"set file:charset ISO-8859-1; set ftp:use-utf8 no; set ftp:ssl-allow no; "
	for name, mode := range map[string]string{
		"MLSD": "set ftp:use-mlsd yes; ",
		"LIST": "set ftp:use-mlsd no; ",
		"EPSV": "set ftp:prefer-epsv yes; ",
		"PORT": "set ftp:passive-mode no; ",
	} {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			run(t, "lftp", "--norc", "-c", settings+mode+"open ftp://"+addr+"; mirror / "+out)
			sameTree(t, dir, out)
		})
	}
	t.Run("resume", func(t *testing.T) {
		out := t.TempDir()
		whole := filepath.Join(dir, "files", "%41")
		content, err := os.ReadFile(whole)
		if err != nil {
			t.Fatal(err)
		}
		part := filepath.Join(out, "part")
		if err := os.WriteFile(part, content[:777], 0o644); err != nil {
			t.Fatal(err)
		}
		run(t, "lftp", "--norc", "-c", settings+"open ftp://"+addr+"; get -c files/%41 -o "+part)
		sameFile(t, whole, part)
	})
}

func TestJlaffaye(t *testing.T) {
	dir := awkwardSite(t)
	touch(t, dir, "files/plain", time.Date(2020, 2, 29, 1, 2, 3, 0, time.UTC))
	addr := serveDir(t, dir)
	for _, mode := range []struct {
		name    string
		options []ftp.DialOption
	}{
		{"MLSD", nil},
		{"LIST", []ftp.DialOption{ftp.DialWithDisabledMLSD(true)}},
		{"PASV", []ftp.DialOption{ftp.DialWithDisabledEPSV(true)}},
	} {
		t.Run(mode.name, func(t *testing.T) {
			conn, err := ftp.Dial(addr, append(mode.options, ftp.DialWithTimeout(patience))...)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Quit()
			if err := conn.Login("anonymous", "anonymous"); err != nil {
				t.Fatal(err)
			}
			entries, err := conn.List("/files")
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, e := range entries {
				if e.Name != "." && e.Name != ".." {
					names = append(names, e.Name)
				}
			}
			if len(names) != len(awkward) {
				t.Errorf("%d names of %d: %q", len(names), len(awkward), names)
			}
			for _, name := range awkward {
				resp, err := conn.Retr("/files/" + name)
				if err != nil {
					t.Errorf("%q: %v", name, err)
					continue
				}
				got, err := io.ReadAll(resp)
				if err := errors.Join(err, resp.Close()); err != nil {
					t.Errorf("%q: %v", name, err)
				}
				want, err := os.ReadFile(filepath.Join(dir, "files", name))
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%q: content differs (%v)", name, err)
				}
			}
			resp, err := conn.RetrFrom("/files/x -> y", 100)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(resp)
			resp.Close()
			if want, _ := os.ReadFile(filepath.Join(dir, "files/x -> y")); !bytes.Equal(got, want[100:]) {
				t.Error("from offset 100: content differs")
			}
			if when, err := conn.GetTime("/files/plain"); err != nil || !when.Equal(time.Date(2020, 2, 29, 1, 2, 3, 0, time.UTC)) {
				t.Errorf("GetTime: %v, %v", when, err)
			}
			err = conn.Delete("/files/plain")
			var refused *textproto.Error
			if !errors.As(err, &refused) || refused.Code != 550 {
				t.Errorf("Delete: %v", err)
			}
		})
	}
}

func sameFile(t *testing.T, want, got string) {
	t.Helper()
	a, errA := os.ReadFile(want)
	b, errB := os.ReadFile(got)
	if err := errors.Join(errA, errB); err != nil || !bytes.Equal(a, b) {
		t.Errorf("%q: %d bytes, want %d (%v)", filepath.Base(want), len(b), len(a), err)
	}
}

// sameTree compares names and contents of everything below two folders.
func sameTree(t *testing.T, want, got string) {
	t.Helper()
	if diff := cmp.Diff(manifest(t, want), manifest(t, got)); diff != "" {
		t.Errorf("trees differ (-want +got):\n%s", diff)
	}
}

func manifest(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		sum := md5.Sum(content)
		out = append(out, fmt.Sprintf("%q %s", strings.TrimPrefix(path, dir), hex.EncodeToString(sum[:])))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}
