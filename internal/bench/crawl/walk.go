package main

import (
	"path"
	"time"

	"github.com/jlaffaye/ftp"
)

// walkCommand is the client that the crawler is compared with most: one connection,
// one directory after the other, each by the library's List.
type walkCommand struct {
	Address string        `arg:"" help:"Host and port."`
	For     time.Duration `help:"When to stop." default:"30s"`
}

// walked is what it found, as JSON. The time is from the login on.
type walked struct {
	Dirs    int64   `json:"dirs"` // that were listed
	Seconds float64 `json:"seconds"`
	Whole   bool    `json:"whole"` // not stopped before the end
}

// Run walks, and prints what came of it.
func (c *walkCommand) Run(p *program) error {
	conn, err := ftp.Dial(c.Address, ftp.DialWithContext(p))
	if err != nil {
		return err
	}
	if err := conn.Login("anonymous", "anonymous@"); err != nil {
		return err
	}
	result := walked{}
	began := time.Now()
	pending := []string{"/"}
	for len(pending) > 0 && time.Since(began) < c.For {
		dir := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		entries, err := conn.List(dir)
		if err != nil {
			return err
		}
		result.Dirs++
		for _, e := range entries {
			if e.Type == ftp.EntryTypeFolder && e.Name != "." && e.Name != ".." {
				pending = append(pending, path.Join(dir, e.Name))
			}
		}
	}
	result.Seconds = time.Since(began).Seconds()
	result.Whole = len(pending) == 0
	return p.JSON(result)
}
