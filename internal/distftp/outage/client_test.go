package outage

import (
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"time"

	"mirrortracker/internal/testbed"
)

// code is that of a reply which was not the one wanted; 0 is none at all.
func code(err error) int {
	if refused := (*textproto.Error)(nil); errors.As(err, &refused) {
		return refused.Code
	}
	return 0
}

// make makes a change. The error is nil if it was acknowledged, and otherwise one of two
// things is so.
func (l *ledger) make(c *testbed.FTPClient, ch change) error {
	last := len(ch.commands) - 1
	for _, command := range ch.commands[:last] {
		if _, err := c.Do(350, "%s", command); err != nil {
			return err // which was no change
		}
	}
	l.maybe = &ch.after
	var err error
	if ch.store != nil {
		err = c.Store(ch.commands[last], ch.store)
	} else {
		_, err = c.Do(2, "%s", ch.commands[last])
	}
	if err == nil {
		l.known, l.maybe = ch.after, nil
	}
	return err
}

// begin makes the directory of a client.
func (l *ledger) begin(c *testbed.FTPClient) error {
	_, err := c.Do(257, "MKD %s", l.dir)
	if err == nil {
		_, err = c.Do(257, "MKD %s/box-0", l.dir)
	}
	return err
}

// find reads all that there is in the client's directory.
func (l *ledger) find(c *testbed.FTPClient) (found map[string][]int, err error) {
	found = map[string][]int{}
	boxes := 0
	for dirs := []string{""}; len(dirs) > 0; dirs = dirs[1:] {
		text, err := c.Fetch("MLSD " + l.dir + "/" + dirs[0])
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			facts, name, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
			switch {
			case strings.Contains(facts, "type=cdir"), strings.Contains(facts, "type=pdir"):
			case strings.Contains(facts, "type=dir"):
				dirs = append(dirs, name+"/")
				found[name+"/"] = nil
				boxes++
			default:
				content, err := c.Fetch("RETR " + l.dir + "/" + dirs[0] + name)
				if err != nil {
					return nil, err
				}
				numbers, err := pieces(content)
				if err != nil {
					return nil, fmt.Errorf("%w: %s/%s%s: %w", errWrong, l.dir, dirs[0], name, err)
				}
				found[dirs[0]+name] = numbers
			}
		}
	}
	if boxes != 1 {
		return nil, fmt.Errorf("%w: %d boxes in %s", errWrong, boxes, l.dir)
	}
	return found, nil
}

// errWrong is what no waiting mends.
var errWrong = errors.New("wrong")

// verify compares what there is with the ledger. What is held by somebody who comes
// back must be there soon.
func (l *ledger) verify(login func() (*testbed.FTPClient, error)) error {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(30 * time.Second); ; <-again.C {
		c, err := login()
		var found map[string][]int
		if err == nil {
			found, err = l.find(c)
			c.Close()
		}
		switch {
		case err == nil:
			return l.settle(found)
		case errors.Is(err, errWrong) || time.Now().After(limit):
			return err
		}
	}
}

// fields are the names in the answer to NLST /, as paths.
func fields(text []byte) (paths []string) {
	for name := range strings.FieldsSeq(string(text)) {
		paths = append(paths, "/"+strings.TrimPrefix(name, "/"))
	}
	return paths
}
