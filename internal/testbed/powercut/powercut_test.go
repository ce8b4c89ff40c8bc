package powercut

import (
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestWriterProcess is what is recorded: it does something to a folder, and says so.
func TestWriterProcess(t *testing.T) {
	dir := os.Getenv("POWERCUT_TEST_FOLDER")
	if dir == "" {
		return
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(filepath.Join(dir, "new"))
	must(err)
	_, err = f.WriteString("con")
	must(err)
	_, err = f.WriteString("tent")
	must(err)
	must(f.Sync())
	os.Stdout.WriteString("synced ")
	must(os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "sub/name")))
	must(os.Link(filepath.Join(dir, "sub/name"), filepath.Join(dir, "second")))
	_, err = f.WriteAt([]byte("CON"), 0)
	must(err)
	must(os.Remove(filepath.Join(dir, "old")))
	sub, err := os.Open(filepath.Join(dir, "sub"))
	must(err)
	must(sub.Sync())
	os.Stdout.WriteString("renamed ")
}

func TestRecording(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "old"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestWriterProcess$")
	cmd.Env = append(os.Environ(), "POWERCUT_TEST_FOLDER="+dir)
	r := Record(t, cmd, dir)

	leave := func(moment int, keep func() bool) (said, left string) {
		to := t.TempDir()
		said = r.Leave(t, moment, keep, to)
		return said, describe(t, to)
	}
	if said, left := leave(r.Moments(), nil); !strings.HasPrefix(said, "synced renamed ") || left != describe(t, dir) || left != "second=CONtent sub/name=CONtent " {
		t.Errorf("in the end it left %s, having said %s", left, said)
	}
	if _, left := leave(0, nil); left != "old=old " {
		t.Errorf("at first there was %s", left)
	}
	// Whatever is left, what was said to be certain is.
	seen := map[string]bool{}
	random := rand.New(rand.NewPCG(1, 2))
	for moment := range r.Moments() + 1 {
		for range 20 {
			said, left := leave(moment, func() bool { return random.IntN(2) == 0 })
			seen[left] = true
			named := strings.Contains(left, "sub/name=")
			if strings.Contains(said, "renamed") && !named {
				t.Errorf("at %d it had said %q, and left %s", moment, said, left)
			}
			if strings.Contains(said, "synced") && named && !strings.Contains(strings.ToLower(left), "sub/name=content") {
				t.Errorf("at %d it had said %q, and left %s", moment, said, left)
			}
		}
	}
	for _, want := range []string{"new= old=old ", "new=con old=old ", "sub/name=content ", "old=old sub/name=CONtent ", "old=old second=content "} {
		if !seen[want] {
			t.Errorf("never left was %q, but %q", want, slices.Sorted(maps.Keys(seen)))
		}
	}
	if len(r.Syncs()) != 2 {
		t.Errorf("it synced at %v", r.Syncs())
	}
}

func describe(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		b.WriteString(path[len(dir)+1:] + "=" + string(text) + " ")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
