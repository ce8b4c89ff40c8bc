package peer

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"aead.dev/minisign"

	"mirrortracker/internal/pack"
	"mirrortracker/internal/testbed"
)

func TestAKeyIsMadeOnceAndReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "var", "peer.key")
	keys := make([]minisign.PrivateKey, 8)
	var making sync.WaitGroup
	for i := range keys {
		making.Go(func() {
			var err error
			if keys[i], err = MakeKey(path); err != nil {
				t.Error(err)
			}
		})
	}
	making.Wait()
	for _, key := range keys {
		if !key.Equal(keys[0]) {
			t.Fatal("not all have the same key")
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("beside the key there is %v (%v)", left, err)
	}
	text := Public(keys[0]).String()
	if key, err := ParseKey(text); err != nil || !key.Equal(Public(keys[0])) {
		t.Errorf("%s is read as %v (%v)", text, key, err)
	}
}

func TestAKeyThatOthersCanReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peer.key")
	if _, err := MakeKey(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(path); err == nil {
		t.Error("it is read")
	}
	if _, err := MakeKey(path); err == nil {
		t.Error("it is taken")
	}
}

func TestMinisignSignsWithOurKeyAndWeWithItsOwn(t *testing.T) {
	testbed.Need(t, "minisign")
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("what is signed"), 0o644); err != nil {
		t.Fatal(err)
	}
	program := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("minisign", args...).CombinedOutput(); err != nil {
			t.Fatalf("minisign %v: %v\n%s", args, err, out)
		}
	}
	for _, c := range []struct {
		name string
		make func(path string)
	}{
		{"ours", func(path string) {
			if _, err := MakeKey(path); err != nil {
				t.Fatal(err)
			}
		}},
		{"its own", func(path string) { program("-G", "-W", "-s", path, "-p", path+".pub") }},
	} {
		path := filepath.Join(dir, c.name)
		c.make(path)
		key, err := LoadKey(path)
		if err != nil {
			t.Fatal(err)
		}
		program("-S", "-s", path, "-m", file)
		signature, err := os.ReadFile(file + ".minisig")
		if err != nil {
			t.Fatal(err)
		}
		if err := pack.Verify(bytes.NewReader([]byte("what is signed")), Public(key), signature); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
