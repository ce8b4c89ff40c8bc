package digest

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strings"
)

// A Sum is one of the two digests of a directory, an MD5 value. The zero Sum
// says that the digest is absent: the directory, or something below it, is not
// completely known.
type Sum [16]byte

// absentText stands for an absent digest wherever digests are printed in columns.
const absentText = "--------------------------------"

// Absent reports whether there is no digest.
func (s Sum) Absent() bool { return s == Sum{} }

// String writes 32 lower-case hex digits, or 32 dashes where the digest is absent.
func (s Sum) String() string {
	if s.Absent() {
		return absentText
	}
	return hex.EncodeToString(s[:])
}

// ParseSum reads the form that String writes.
func ParseSum(text string) (Sum, error) {
	var s Sum
	if text == absentText {
		return s, nil
	}
	if err := decodeHex(s[:], text); err != nil {
		return Sum{}, fmt.Errorf("digest %q: %w", text, err)
	}
	return s, nil
}

// MarshalJSON writes the hex digits as a string, or null where the digest is absent.
func (s Sum) MarshalJSON() ([]byte, error) {
	if s.Absent() {
		return []byte("null"), nil
	}
	return []byte(`"` + s.String() + `"`), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (s *Sum) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*s = Sum{}
		return nil
	}
	parsed, err := ParseSum(strings.Trim(string(b), `"`))
	*s = parsed
	return err
}

// Value stores 16 bytes, or NULL where the digest is absent.
func (s Sum) Value() (driver.Value, error) {
	if s.Absent() {
		return nil, nil
	}
	return s[:], nil
}

// Scan reads what Value stores.
func (s *Sum) Scan(v any) error {
	if v == nil {
		*s = Sum{}
		return nil
	}
	return scanBytes(s[:], v)
}

// An ID is the identity of a tree: the SHA-256 of its text (docs/tree-v1.md).
type ID [32]byte

// IsZero reports whether this is no identity at all.
func (id ID) IsZero() bool { return id == ID{} }

// String writes 64 lower-case hex digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// ParseID reads the form that String writes.
func ParseID(text string) (ID, error) {
	var id ID
	if err := decodeHex(id[:], text); err != nil {
		return ID{}, fmt.Errorf("tree identity %q: %w", text, err)
	}
	return id, nil
}

// MarshalText writes the hex digits.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (id *ID) UnmarshalText(b []byte) error {
	parsed, err := ParseID(string(b))
	*id = parsed
	return err
}

// Value stores 32 bytes.
func (id ID) Value() (driver.Value, error) { return id[:], nil }

// Scan reads what Value stores.
func (id *ID) Scan(v any) error { return scanBytes(id[:], v) }

func decodeHex(dst []byte, text string) error {
	if len(text) != 2*len(dst) || strings.ToLower(text) != text {
		return fmt.Errorf("want %d lower-case hex digits", 2*len(dst))
	}
	_, err := hex.Decode(dst, []byte(text))
	return err
}

func scanBytes(dst []byte, v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(dst) {
		return fmt.Errorf("database value of type %T, want %d bytes", v, len(dst))
	}
	copy(dst, b)
	return nil
}
