package strict

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// A keyError is what is wrong with the value of one key, which its text names.
type keyError struct {
	key string
	err error
}

func (e *keyError) Error() string { return e.err.Error() }

func (e *keyError) Unwrap() error { return e.err }

// Wrong says what is wrong with the value of a key, after the key: "is 0, must be ...".
func Wrong(key, format string, args ...any) error {
	return &keyError{key, fmt.Errorf(key+" "+format, args...)}
}

// Of adds the key to what is wrong with its value, if anything is.
func Of(key string, err error) error {
	if err != nil {
		return &keyError{key, fmt.Errorf("%s: %w", key, err)}
	}
	return nil
}

// Optional checks a value that may be empty.
func Optional(key, value string, check func(key, value string) error) error {
	if value == "" {
		return nil
	}
	return check(key, value)
}

// Filled checks a value that must not be empty.
func Filled(key, value string) error {
	if value == "" {
		return Wrong(key, "is empty")
	}
	return nil
}

// OneOf checks a value of which there are a few.
func OneOf(key, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return Wrong(key, "is %q, must be one of %s", value, strings.Join(allowed, ", "))
	}
	return nil
}

// A Number is what [Between] and [ZeroOr] compare.
type Number interface{ int | int64 | float64 | Size }

// Between checks a number, which may be the lowest or the highest.
func Between[N Number](key string, value, low, high N) error {
	if !(low <= value && value <= high) { // false for what is no number, too
		return Wrong(key, "is %v, must be from %v to %v", value, low, high)
	}
	return nil
}

// ZeroOr checks a number of which 0 stands for none.
func ZeroOr[N Number](key string, value, low, high N) error {
	if value != 0 && Between(key, value, low, high) != nil {
		return Wrong(key, "is %v, must be 0 or from %v to %v", value, low, high)
	}
	return nil
}

// Lasting checks a duration, which may be the shortest or the longest.
func Lasting(key string, value Duration, low, high time.Duration) error {
	if value.Duration < low || value.Duration > high {
		return Wrong(key, "is %v, must be from %v to %v", value, Duration{low}, Duration{high})
	}
	return nil
}

// Address checks where something listens.
func Address(key, value string) error {
	_, port, err := net.SplitHostPort(value)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return Wrong(key, "is %q, must be HOST:PORT such as 127.0.0.1:8080, or :8080 for all addresses", value)
	}
	return nil
}

// Pair checks the files of a certificate and its key, the names of which belong
// together.
func Pair(certificateKey, certificate, keyKey, key string) error {
	if (certificate == "") != (key == "") {
		return errors.New(certificateKey + " and " + keyKey + " go together; one of them is empty")
	}
	return nil
}
