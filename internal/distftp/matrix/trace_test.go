package matrix

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A trace is what the server's log says of its sessions.
type trace struct {
	mu       sync.Mutex
	sessions map[string]*session      // by the client's address: those that came last
	folders  map[string][]*session    // by the folder of a job that they spoke of
	marks    map[string]chan struct{} // closed when the command that holds it was read
	last     int                      // number of a mark
	wrong    []string                 // lines that should not be there
	ended    chan struct{}            // closed at the end of the log
	dial     dialer                   // reaches the server
}

type dialer = func(network, addr string) (net.Conn, error)

// A session is the commands of one control connection.
type session struct {
	client   string
	commands []string // VERB or VERB ARGUMENT
	folders  []string
	failures []string // of transfers
}

// follow reads a log until it ends.
func follow(log io.Reader, dial dialer) *trace {
	t := &trace{dial: dial, sessions: map[string]*session{}, folders: map[string][]*session{}, marks: map[string]chan struct{}{}, ended: make(chan struct{})}
	go func() {
		defer close(t.ended)
		lines := bufio.NewScanner(log)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			t.line(lines.Bytes())
		}
	}()
	return t
}

var folderName = regexp.MustCompile(`cell-\d+`)

// line takes in a line of the log.
func (t *trace) line(text []byte) {
	var said struct{ Level, Msg, Client, Verb, Arg, Err string }
	err := json.Unmarshal(text, &said)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err != nil || said.Level == "ERROR": // the first is no log, but a panic or a race
		t.wrong = append(t.wrong, string(text))
	case said.Msg == "session begins":
		t.sessions[said.Client] = &session{client: said.Client}
	case said.Msg == "transfer failed" && t.sessions[said.Client] != nil:
		s := t.sessions[said.Client]
		s.failures = append(s.failures, said.Err)
	case said.Msg == "command":
		t.command(said.Client, said.Verb, said.Arg)
	}
}

func (t *trace) command(client, verb, arg string) {
	s := t.sessions[client]
	if s == nil {
		return
	}
	s.commands = append(s.commands, strings.TrimSpace(verb+" "+arg))
	if mark := t.marks[arg]; mark != nil && verb == "NOOP" {
		close(mark)
		delete(t.marks, arg)
	}
	if folder := folderName.FindString(arg); folder != "" && !slices.Contains(s.folders, folder) {
		s.folders = append(s.folders, folder)
		t.folders[folder] = append(t.folders[folder], s)
	}
}

// bad returns the lines that should not be in the log, after its end.
func (t *trace) bad() []string {
	<-t.ended
	return t.wrong
}

// of returns the sessions that spoke of a folder, after all that the server has logged
// until now was read: that is when a command shows that is sent now.
func (t *trace) of(folder, addr string) (all []session, err error) {
	read := make(chan struct{})
	t.mu.Lock()
	t.last++
	mark := fmt.Sprint("mark-", t.last)
	t.marks[mark] = read
	t.mu.Unlock()
	conn, err := t.dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "NOOP %s\r\nQUIT\r\n", mark); err != nil {
		return nil, err
	}
	if _, err := io.ReadAll(conn); err != nil {
		return nil, err
	}
	<-read
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.folders[folder] {
		all = append(all, session{client: s.client, commands: slices.Clone(s.commands), failures: slices.Clone(s.failures)})
	}
	return all, nil
}

var transfers = []string{"RETR", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD"}

// ways are how the session's data connections were opened.
func (s session) ways() (all []way) {
	var w way
	for _, c := range s.commands {
		switch verb, arg, _ := strings.Cut(c, " "); {
		case verb == "PRET":
			w.pret = true
		case slices.Contains([]string{"PORT", "EPRT", "PASV", "EPSV"}, verb) && arg != "ALL":
			w.verb, w.ipv6 = verb, strings.HasPrefix(s.client, "[")
		case slices.Contains(transfers, verb):
			all = append(all, w)
			w = way{}
		}
	}
	return all
}

// under reports whether the session was under a protection. Implicit TLS shows by the
// port, to which nobody can speak otherwise; there data connections are private from the
// start.
func (s session) under(p protection) bool {
	begun := slices.ContainsFunc(s.commands, func(c string) bool { return strings.HasPrefix(c, "AUTH ") })
	return begun == (p == explicit) && (p == implicit || slices.Contains(s.commands, "PROT P") == (p == explicit))
}
