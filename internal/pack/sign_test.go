package pack

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"aead.dev/minisign"

	"mirrortracker/internal/testbed"
)

func newKey(t testing.TB) (minisign.PublicKey, minisign.PrivateKey) {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public, private
}

func TestSign(t *testing.T) {
	public, private := newKey(t)
	other, _ := newKey(t)
	signature, err := Sign(strings.NewReader("a pack"), private, "site ftp://ftp.example/")
	if err != nil {
		t.Fatal(err)
	}
	if err := Verify(strings.NewReader("a pack"), public, signature); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"another file":    Verify(strings.NewReader("a pick"), public, signature),
		"another key":     Verify(strings.NewReader("a pack"), other, signature),
		"another comment": Verify(strings.NewReader("a pack"), public, bytes.Replace(signature, []byte("example"), []byte("exbmple"), 1)),
		"no signature":    Verify(strings.NewReader("a pack"), public, nil),
		"a long one":      Verify(strings.NewReader("a pack"), public, append(bytes.Clone(signature), make([]byte, MaxSignature)...)),
	} {
		if !errors.Is(err, ErrForged) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// The program that everybody has accepts what we sign, and nothing else.
func TestMinisign(t *testing.T) {
	program := testbed.Need(t, "minisign")
	m := memory{}
	pack := export(t, m, m.header(&dir{}))
	public, private := newKey(t)
	signature, err := Sign(bytes.NewReader(pack), private, "a snapshot")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "example.pack")
	for file, text := range map[string][]byte{name: pack, name + ".minisig": signature} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := func() ([]byte, error) {
		return exec.CommandContext(t.Context(), program, "-V", "-P", public.String(), "-m", name).CombinedOutput()
	}
	if out, err := verify(); err != nil || !bytes.Contains(out, []byte("Trusted comment: a snapshot")) {
		t.Errorf("%v: %s", err, out)
	}
	if err := os.WriteFile(name, append(pack, '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := verify(); err == nil {
		t.Errorf("it accepts another file: %s", out)
	}
}
