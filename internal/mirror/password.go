package mirror

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxPassword bounds a password, in bytes: the longest line that FTP servers take.
const maxPassword = 512

// reference splits what says where a secret stands: "env:NAME" or "file:PATH". It may
// be the secret itself by mistake, so no error shows it.
func reference(text string) (kind, name string, err error) {
	kind, name, _ = strings.Cut(text, ":")
	if (kind != "env" && kind != "file") || name == "" || strings.ContainsRune(name, 0) {
		return "", "", errors.New("must be env:NAME for a variable of the environment or file:PATH for a file, not the secret itself")
	}
	return kind, name, nil
}

// ValidReference says why a text does not say where a secret stands, nil if it does. The
// error does not show it.
func ValidReference(text string) error {
	_, _, err := reference(text)
	return err
}

// ReadSecret returns what stands where a reference says: the value of an environment's
// variable for "env:NAME", the first line of a file for "file:PATH". No error shows it.
func ReadSecret(from string, getenv func(string) string) (string, error) {
	kind, name, err := reference(from)
	if err != nil {
		return "", err
	}
	secret := getenv(name)
	if kind == "file" {
		if secret, err = firstLine(name); err != nil {
			return "", err
		}
	}
	switch {
	case secret == "":
		return "", fmt.Errorf("%s is empty", from)
	case len(secret) > maxPassword:
		return "", fmt.Errorf("%s has more than %d bytes", from, maxPassword)
	case strings.ContainsAny(secret, "\x00\r\n"):
		return "", fmt.Errorf("%s holds a control character that no password may hold", from)
	}
	return secret, nil
}

// ReadPassword returns the password of the visit's user, "" if it has none.
func (v Visit) ReadPassword(getenv func(string) string) (string, error) {
	if v.Password == "" {
		return "", nil
	}
	password, err := ReadSecret(v.Password, getenv)
	if err != nil {
		return "", fmt.Errorf("password of user %s: %w", v.User, err)
	}
	return password, nil
}

// firstLine reads the first line of a file, as far as a password may be long.
func firstLine(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPassword+2))
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return strings.TrimSuffix(string(line), "\r"), err
}
