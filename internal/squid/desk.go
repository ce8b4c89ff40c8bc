package squid

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"
)

// A desk knows which of Squid's requests wait for the redirector's answer. Each has a
// number there, under which it is asked; Squid's channels are not unique in time, since
// one that was given up here may be used again before the late answer comes.
type desk struct {
	broken func() // called when out fails
	open   sync.WaitGroup

	mu      sync.Mutex
	out     io.Writer
	failed  error // of out
	link    *link // nil where the redirector is away
	next    uint32
	waiting map[uint32]waiter
}

// A waiter is a request that is not answered yet.
type waiter struct {
	channel string
	late    *time.Timer
}

func newDesk(out io.Writer, broken func()) *desk {
	return &desk{broken: broken, out: out, waiting: map[uint32]waiter{}}
}

// askAll asks all that is read, until there is no more.
func (d *desk) askAll(in *bufio.Reader) error {
	for {
		line, err := readLine(in)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case line == "":
			continue
		}
		q := ParseRequest(line)
		d.ask(q)
		if q.Channel == "" {
			d.settled() // the answers have nothing but their order
		}
	}
}

// settled waits until all that was asked is answered.
func (d *desk) settled() { d.open.Wait() }

func (d *desk) ask(q Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if q.URL == "" || d.link == nil || len(d.waiting) >= maxWaiting {
		d.write(Reply{Channel: q.Channel}.String())
		return
	}
	number := d.next
	d.next++
	question := q
	question.Channel = strconv.FormatUint(uint64(number), 10)
	if !d.link.send(question.String()) {
		d.write(Reply{Channel: q.Channel}.String())
		return
	}
	d.open.Add(1)
	d.waiting[number] = waiter{q.Channel, time.AfterFunc(patience, func() { d.giveUp(number) })}
}

// settle answers a request with what follows the channel of a reply. One that was given
// up is answered already.
func (d *desk) settle(number uint32, answer string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	w, ok := d.waiting[number]
	if !ok {
		return
	}
	delete(d.waiting, number)
	w.late.Stop()
	defer d.open.Done()
	if w.channel != "" {
		answer = w.channel + " " + answer
	}
	d.write(answer)
}

// giveUp answers a request that waited for too long. The connection is given up too: who
// is late once would be late for the next ones.
func (d *desk) giveUp(number uint32) {
	d.mu.Lock()
	if _, ok := d.waiting[number]; ok && d.link != nil {
		d.link.drop()
	}
	d.mu.Unlock()
	d.settle(number, Reply{}.String())
}

func (d *desk) attach(l *link) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.link = l
}

// detach answers all that waits for a connection that is gone.
func (d *desk) detach() {
	d.mu.Lock()
	d.link = nil
	numbers := make([]uint32, 0, len(d.waiting))
	for number := range d.waiting {
		numbers = append(numbers, number)
	}
	d.mu.Unlock()
	for _, number := range numbers {
		d.settle(number, Reply{}.String())
	}
}

// write writes a line in one piece. The caller holds mu.
func (d *desk) write(line string) {
	if d.failed != nil {
		return
	}
	if _, err := io.WriteString(d.out, line+"\n"); err != nil {
		d.failed = fmt.Errorf("write answers: %w", err)
		d.broken()
	}
}

func (d *desk) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failed
}
