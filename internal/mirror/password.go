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

// reference splits a visit's Password. What stands there may be the password itself by
// mistake, so no error shows it.
func (v Visit) reference() (kind, name string, err error) {
	kind, name, _ = strings.Cut(v.Password, ":")
	if (kind != "env" && kind != "file") || name == "" || strings.ContainsRune(name, 0) {
		return "", "", errors.New("password must be env:NAME for a variable of the environment or file:PATH for a file, not the password itself")
	}
	return kind, name, nil
}

// ReadPassword returns the password of the visit's user, "" if it has none: the value
// of an environment's variable, or the first line of a file. No error shows it.
func (v Visit) ReadPassword(getenv func(string) string) (string, error) {
	if v.Password == "" {
		return "", nil
	}
	kind, name, err := v.reference()
	if err != nil {
		return "", err
	}
	password := getenv(name)
	if kind == "file" {
		if password, err = firstLine(name); err != nil {
			return "", fmt.Errorf("password of user %s: %w", v.User, err)
		}
	}
	switch {
	case password == "":
		return "", fmt.Errorf("password of user %s: %s is empty", v.User, v.Password)
	case len(password) > maxPassword:
		return "", fmt.Errorf("password of user %s: %s has more than %d bytes", v.User, v.Password, maxPassword)
	case strings.ContainsAny(password, "\x00\r\n"):
		return "", fmt.Errorf("password of user %s: %s holds a control character that no password may hold", v.User, v.Password)
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
