package mirrors

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/renameio/v2"

	"mirrortracker/internal/database"
)

// Why a password cannot be had.
var (
	// ErrNoKey says that the file of the key is not there.
	ErrNoKey = errors.New("there is no such key")
	// ErrOtherKey says that a password was sealed with another key.
	ErrOtherKey = errors.New("it was sealed with another key")
)

// A Key seals the passwords of foreign servers: AES-256-GCM, under a key that stands in a
// file and not in the database. Masters on one database have copies of one file. Its
// methods may be called concurrently.
type Key struct {
	file string

	mu     sync.Mutex
	sealer *sealer // nil until the file was read
}

// A sealer is what the secret in the file is good for.
type sealer struct {
	id   []byte // tells keys apart, and nothing about them
	aead cipher.AEAD
}

const (
	secretLength = 32 // bytes
	idLength     = 8
	maxKeyFile   = 1 << 10
)

// OpenKey returns the key in a file. The file is read when it is first needed, and made,
// for its owner alone, when it is first sealed with.
func OpenKey(file string) *Key { return &Key{file: file} }

// KeyFile returns where the key stands if nothing else is said: beside the file of a
// database, by the name of which it is called.
func KeyFile(url string) string {
	where, err := database.Locate(url)
	if err != nil || where.Server != nil {
		return "var/ftpd.secrets"
	}
	return strings.TrimSuffix(where.File, filepath.Ext(where.File)) + ".secrets"
}

// File returns the name of the file.
func (k *Key) File() string { return k.file }

// seal seals a password. The context is what it belongs to: it cannot be opened as
// something else's. With fresh nothing else was sealed yet, so that the key may be made.
func (k *Key) seal(password, context string, fresh bool) ([]byte, error) {
	s, err := k.use(nil)
	if errors.Is(err, ErrNoKey) && fresh {
		if err = makeKey(k.file); err == nil {
			s, err = k.use(nil)
		}
	}
	if err != nil {
		return nil, err
	}
	return s.aead.Seal(bytes.Clone(s.id), nil, []byte(password), []byte(context)), nil
}

// open opens what seal made.
func (k *Key) open(sealed []byte, context string) (string, error) {
	if len(sealed) < idLength {
		return "", errors.New("the sealed password is damaged")
	}
	id, rest := sealed[:idLength], sealed[idLength:]
	s, err := k.use(id)
	if err != nil {
		return "", err
	}
	password, err := s.aead.Open(nil, nil, rest, []byte(context))
	if err != nil {
		return "", errors.New("the sealed password is damaged, or that of another alias")
	}
	return string(password), nil
}

// use returns the key, which is read from the file if it was not yet, or has another id
// than the one that is wanted.
func (k *Key) use(id []byte) (*sealer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sealer == nil || id != nil && !bytes.Equal(id, k.sealer.id) {
		s, err := readKey(k.file)
		if err != nil {
			return nil, err
		}
		k.sealer = s
	}
	if id != nil && !bytes.Equal(id, k.sealer.id) {
		return nil, fmt.Errorf("key %s: %w", k.file, ErrOtherKey)
	}
	return k.sealer, nil
}

// readKey reads a file.
func readKey(file string) (*sealer, error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("key %s: %w", file, ErrNoKey)
	}
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("key %s: everybody on this machine may read or write it; chmod o= %s", file, file)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != secretLength {
		return nil, fmt.Errorf("key %s: it does not hold a key, which is %d hex digits", file, 2*secretLength)
	}
	return newSealer(secret)
}

// newSealer derives what is needed from a secret (RFC 5869).
func newSealer(secret []byte) (*sealer, error) {
	id, err := hkdf.Key(sha256.New, secret, nil, "ftpd secrets: id", idLength)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "ftpd secrets: AES-256-GCM", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &sealer{id, aead}, nil
}

// makeKey makes a file with a new key, whole or not at all, unless somebody else is
// faster.
func makeKey(file string) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	secret := make([]byte, secretLength)
	rand.Read(secret)
	t, err := renameio.NewPendingFile(file, renameio.WithTempDir(dir), renameio.WithPermissions(0o600), renameio.IgnoreUmask())
	if err != nil {
		return fmt.Errorf("make key: %w", err)
	}
	defer t.Cleanup()
	_, err = t.WriteString(hex.EncodeToString(secret) + "\n")
	if err == nil {
		err = t.Sync()
	}
	if err == nil {
		err = os.Link(t.Name(), file) // a rename would replace one that others seal with
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make key: %w", err)
	}
	return syncFolder(dir)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
