package identity

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// ErrNone says that a slave has not been enrolled yet.
var ErrNone = errors.New("this slave has not been enrolled")

// A kept identity is the file of one.
type kept struct {
	Name        string   `json:"name"`
	Masters     []string `json:"masters"`
	Certificate string   `json:"certificate"` // PEM; "" until it is enrolled
	Authority   string   `json:"authority"`   // PEM
	Key         string   `json:"key"`         // PEM
}

// maxFile bounds the file, in bytes.
const maxFile = 64 << 10

// Load reads the file of a slave's identity. An expired one is none to complain of here:
// the masters do.
func Load(file string) (*Identity, error) {
	key, p, err := load(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: there is no %s", ErrNone, file)
	case err != nil:
		return nil, err
	case p.Certificate == nil:
		return nil, fmt.Errorf("%w: that was begun, and not finished", ErrNone)
	}
	return open(file, key, p)
}

func open(file string, key crypto.Signer, p Papers) (*Identity, error) {
	i, err := New(key, p)
	if err == nil {
		err = p.checkSlave(i.certificate().Leaf)
	}
	if err != nil {
		return nil, fmt.Errorf("identity %s: %w", file, err)
	}
	i.file = file
	return i, nil
}

// load reads a file, without a certificate where there is none yet.
func load(file string) (crypto.Signer, Papers, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, Papers{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	var k kept
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	var key crypto.Signer
	if err == nil {
		key, err = readKey(k.Key)
	}
	if err != nil {
		return nil, Papers{}, fmt.Errorf("identity %s: %w", file, err)
	}
	return key, Papers{Name: k.Name, Masters: k.Masters, Certificate: fromPEM(k.Certificate), Authority: fromPEM(k.Authority)}, nil
}

func readKey(text string) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(fromPEM(text))
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T cannot sign", key)
	}
	return signer, nil
}

// write writes the file, for its owner alone, so that it is there whole or not at all.
func write(file string, key crypto.Signer, p *Papers) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(kept{
		Name: p.Name, Masters: p.Masters,
		Certificate: toPEM("CERTIFICATE", p.Certificate), Authority: toPEM("CERTIFICATE", p.Authority), Key: toPEM("PRIVATE KEY", der),
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	if err := renameio.WriteFile(file, append(text, '\n'), 0o600, renameio.IgnoreUmask()); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// NewKey makes a key.
func NewKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func toPEM(kind string, der []byte) string {
	if der == nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func fromPEM(text string) []byte {
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return block.Bytes
	}
	return nil
}
