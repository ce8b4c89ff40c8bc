package admin

import (
	"fmt"
	"strconv"

	"mirrortracker/internal/config/strict"
	"mirrortracker/internal/distftp/account"
)

// A sizeLimit is a limit in bytes, "" for none of its own.
type sizeLimit account.Limit

// UnmarshalText reads a size with or without a unit.
func (l *sizeLimit) UnmarshalText(text []byte) error {
	return readLimit((*account.Limit)(l), string(text), func() (int64, error) {
		var size strict.Size
		err := size.UnmarshalText(text)
		return int64(size), err
	})
}

// A numLimit is a limit of things that are counted, "" for none of its own.
type numLimit account.Limit

// UnmarshalText reads a number.
func (l *numLimit) UnmarshalText(text []byte) error {
	return readLimit((*account.Limit)(l), string(text), func() (int64, error) {
		n, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a number", text)
		}
		return n, nil
	})
}

func readLimit(l *account.Limit, text string, number func() (int64, error)) error {
	switch text {
	case "":
		*l = 0
		return nil
	case account.Unlimited.String():
		*l = account.Unlimited
		return nil
	}
	n, err := number()
	if err != nil {
		return err
	}
	if n <= 0 {
		return fmt.Errorf("%q is no limit: want a number above 0, or unlimited", text)
	}
	*l = account.Limit(n)
	return nil
}

// set sets a limit if the flag is given.
func set[T ~int64](limit *account.Limit, flag *T) {
	if flag != nil {
		*limit = account.Limit(*flag)
	}
}

// size writes a limit in bytes with the unit that leaves it whole.
func size(l account.Limit) string {
	if l <= 0 {
		return l.String()
	}
	return strict.Size(l).String()
}
