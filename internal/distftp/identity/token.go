package identity

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// SecretSize is how many bytes the secret of a token has.
const SecretSize = 32

// A Token lets one slave be enrolled, once.
type Token struct {
	Slave     string      `json:"slave"`
	Masters   []string    `json:"masters"` // where they listen for slaves: host and port
	Authority Fingerprint `json:"authority"`
	Secret    []byte      `json:"secret"`
}

const tokenPrefix = "ftpd-"

// maxToken bounds the text of a token, in bytes.
const maxToken = 8 << 10

// String is the token as one word, for the operator to carry. Whoever has it can become
// the slave.
func (t Token) String() string {
	text, err := json.Marshal(t)
	if err != nil {
		panic("identity: internal error: " + err.Error())
	}
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(text)
}

// ParseToken reads what [Token.String] wrote.
func ParseToken(word string) (Token, error) {
	t, err := parseToken(strings.TrimSpace(word))
	if err != nil {
		return Token{}, fmt.Errorf("this is no token, or not all of one (%w): it begins with %s, and has no blanks", err, tokenPrefix)
	}
	return t, nil
}

func parseToken(word string) (Token, error) {
	rest, ok := strings.CutPrefix(word, tokenPrefix)
	if !ok || len(word) > maxToken {
		return Token{}, errors.New("another beginning or length")
	}
	text, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil {
		return Token{}, err
	}
	var t Token
	if err := json.Unmarshal(text, &t); err != nil {
		return Token{}, err
	}
	if t.Authority == (Fingerprint{}) || len(t.Secret) != SecretSize {
		return Token{}, errors.New("no authority or secret")
	}
	if err := ValidName(t.Slave); err != nil {
		return Token{}, err
	}
	return t, checkMasters(t.Masters)
}

// maxMasters bounds how many masters a slave is told of.
const maxMasters = 16

func checkMasters(masters []string) error {
	if len(masters) == 0 || len(masters) > maxMasters {
		return fmt.Errorf("it names %d masters", len(masters))
	}
	for _, m := range masters {
		if err := ValidDoor(m); err != nil {
			return err
		}
	}
	return nil
}

// ValidDoor says why slaves cannot find a master at an address.
func ValidDoor(address string) error {
	host, port, err := net.SplitHostPort(address)
	if n, e := strconv.ParseUint(port, 10, 16); err != nil || host == "" || e != nil || n == 0 || len(address) > 300 {
		return fmt.Errorf("master %.100q: want HOST:PORT", address)
	}
	if a, err := netip.ParseAddr(host); err == nil && a.IsUnspecified() {
		return fmt.Errorf("master %s cannot be reached: a host or an address of one is wanted", address)
	}
	return nil
}
