package mirrors

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/jmoiron/sqlx"

	"mirrortracker/internal/mirror"
)

// A Report is what a running server says of foreign servers.
type Report struct {
	Server string `json:"server"` // its machine and process
	State
}

// A State is how a running server has to do with foreign servers.
type State struct {
	Sites  []Site  `json:"sites"`
	Faults []Fault `json:"faults"`
	Found  []Found `json:"found"`
}

// A Site is the server of an alias.
type Site struct {
	Alias       mirror.Path  `json:"alias"`
	Connections []Connection `json:"connections"`
	Waiting     int          `json:"waiting"`          // transfers that wait for a connection
	Resting     time.Time    `json:"resting,omitzero"` // until then it is left alone, for it has failed
	Error       string       `json:"error,omitempty"`  // what it last failed with
}

// A Fault is a file that a member does not have as we have it.
type Fault struct {
	Member string      `json:"member"` // an alias, or what the tracker calls the site
	Dir    mirror.Path `json:"dir"`    // in which the member is not used until then
	Path   mirror.Path `json:"path"`   // the file, as our clients see it
	Why    string      `json:"why"`
	Until  time.Time   `json:"until"`
}

// A Found is what the tracker knows of a directory that is bound to that (AUTO).
type Found struct {
	Dir     mirror.Path `json:"dir"`
	Members int         `json:"members"`
	Status  string      `json:"status"` // for people
}

// A Connection is a control connection to a foreign server.
type Connection struct {
	State string    `json:"state"`           // connecting, idle, in use
	Since time.Time `json:"since"`           // it is in this state
	Doing string    `json:"doing,omitempty"` // the command that is under way
	Peer  string    `json:"peer,omitempty"`  // the server's address
}

// maxReports bounds the servers whose reports are read.
const maxReports = 100

// processName names this process.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return fmt.Sprintf("%.200s[%d]", host, os.Getpid())
}

// enlist makes this server known as one that can be asked.
func (s *Store) enlist(ctx context.Context) error { return s.report(ctx, 0, State{}) }

// leave makes it unknown.
func (s *Store) leave(ctx context.Context) error {
	return s.db.Write(ctx, "leave", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM ftp_mirror_reports WHERE server = ?`, s.config.Server)
		return err
	})
}

// answer writes this server's report.
func (s *Store) answer(ctx context.Context, asked uint64) error {
	return s.report(ctx, asked, s.config.Answer())
}

func (s *Store) report(ctx context.Context, asked uint64, state State) error {
	text, err := json.Marshal(state)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, "report connections", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM ftp_mirror_reports WHERE server = ?`, s.config.Server); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO ftp_mirror_reports (server, asked, report) VALUES (?, ?, ?)`, s.config.Server, asked, text)
		return err
	})
}

// Servers have some time to answer: they look once a second.
const (
	answerTime = 3 * time.Second
	askAgain   = 50 * time.Millisecond
)

// Ask asks all running servers how they have to do with foreign ones. One that does not answer within a
// few seconds is taken for gone.
func (s *Store) Ask(ctx context.Context) ([]Report, error) {
	var asked uint64
	err := s.db.Write(ctx, "ask about connections", func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE ftp_mirrors_clock SET asked = asked + 1 WHERE id = 1`); err != nil {
			return err
		}
		now, err := readClock(ctx, tx)
		asked = now.Asked
		return err
	})
	if err != nil {
		return nil, err
	}
	late := time.After(answerTime)
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for {
		all, silent, err := s.reports(ctx, asked)
		if err != nil || silent == 0 {
			return all, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-again.C:
		case <-late:
			return all, s.forget(ctx, asked)
		}
	}
}

// reports reads the answers to a question, and counts the servers that have not answered
// yet.
func (s *Store) reports(ctx context.Context, asked uint64) (all []Report, silent int, err error) {
	var rows []struct {
		Server string `db:"server"`
		Asked  uint64 `db:"asked"`
		Report []byte `db:"report"`
	}
	err = s.db.Reader().SelectContext(ctx, &rows, `SELECT server, asked, report FROM ftp_mirror_reports ORDER BY server LIMIT ?`, maxReports)
	if err != nil {
		return nil, 0, fmt.Errorf("read reports: %w", err)
	}
	for _, r := range rows {
		if r.Asked < asked {
			silent++
			continue
		}
		one := Report{Server: r.Server}
		if err := json.Unmarshal(r.Report, &one.State); err != nil {
			return nil, 0, fmt.Errorf("report of %s: %w", r.Server, err)
		}
		all = append(all, one)
	}
	return all, silent, nil
}

// forget drops servers that have not answered.
func (s *Store) forget(ctx context.Context, asked uint64) error {
	return s.db.Write(ctx, "forget servers", func(tx *sqlx.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM ftp_mirror_reports WHERE asked < ?`, asked)
		return err
	})
}
