package pack

import (
	"errors"
	"fmt"
	"io"
	"time"

	"aead.dev/minisign"
)

// ErrForged says that a signature is not that of the key and the file.
var ErrForged = errors.New("the signature does not fit")

// MaxSignature is how long the text of a signature can be, in bytes.
const MaxSignature = 4 << 10

// Sign returns the signature of a file, such as the program minisign makes them, in a
// file beside it with the ending .minisig. The comment is signed with it; it is one line.
func Sign(file io.Reader, key minisign.PrivateKey, comment string) ([]byte, error) {
	hash := minisign.NewReader(file)
	if _, err := io.Copy(io.Discard, hash); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return hash.SignWithComments(key, comment, "signature of a mirror pack"), nil
}

// Comment is a line to be signed with a pack: what is in it.
func (h *Header) Comment() string {
	return fmt.Sprintf("%s at %s, crawled by %s", h.Site.URL, h.Finished.UTC().Format(time.RFC3339), h.Origin)
}

// Verify reads a file to its end and returns [ErrForged] unless the signature is that of
// the key.
func Verify(file io.Reader, key minisign.PublicKey, signature []byte) error {
	if len(signature) > MaxSignature {
		return fmt.Errorf("%w: it has more than %d bytes", ErrForged, MaxSignature)
	}
	var s minisign.Signature
	if err := s.UnmarshalText(signature); err != nil {
		return fmt.Errorf("%w: %w", ErrForged, err)
	}
	if s.KeyID != key.ID() {
		return fmt.Errorf("%w: it was made with the key %X, not %X", ErrForged, s.KeyID, key.ID())
	}
	hash := minisign.NewReader(file)
	if _, err := io.Copy(io.Discard, hash); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if !hash.Verify(key, signature) {
		return fmt.Errorf("%w: the file is not what was signed", ErrForged)
	}
	return nil
}
