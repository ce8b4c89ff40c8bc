package peer

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"aead.dev/minisign"
)

// ParseKey reads a public key: the second line of what minisign writes.
func ParseKey(text string) (minisign.PublicKey, error) {
	var key minisign.PublicKey
	if err := key.UnmarshalText([]byte(text)); err != nil || key.String() != text {
		return minisign.PublicKey{}, ErrKey
	}
	return key, nil
}

// Public returns the public half of a key.
func Public(key minisign.PrivateKey) minisign.PublicKey { return key.Public().(minisign.PublicKey) }

// LoadKey reads the private key with which a tracker signs. The file is that of
// minisign without a password. It is refused if others than its owner can read it.
func LoadKey(path string) (key minisign.PrivateKey, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return key, fmt.Errorf("key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return key, fmt.Errorf("key %s: others can read it; chmod 600 %s", path, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return key, fmt.Errorf("key: %w", err)
	}
	if err := key.UnmarshalText(text); err != nil {
		return key, fmt.Errorf("key %s: %w; it must be one of minisign without a password (minisign -G -W)", path, err)
	}
	return key, nil
}

// MakeKey writes a new key where there is none yet, or reads the one that is there. Of
// several that do so at once all have the same.
func MakeKey(path string) (minisign.PrivateKey, error) {
	key, err := LoadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	_, key, err = minisign.GenerateKey(rand.Reader)
	if err != nil {
		return key, fmt.Errorf("key: %w", err)
	}
	text, err := key.MarshalText()
	if err != nil {
		return key, fmt.Errorf("key: %w", err)
	}
	if err := create(path, append(text, '\n')); err != nil {
		return key, fmt.Errorf("key: %w", err)
	}
	return LoadKey(path)
}

// create writes a file that appears as a whole, unless there is one.
func create(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // has mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = temporary.Write(text)
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
