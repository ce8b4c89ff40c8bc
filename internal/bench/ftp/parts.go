package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"mirrortracker/internal/bench/run"
)

// A visit is that of a client to a server, whose sessions stay open from one round to the next.
type visit struct {
	*server
	sessions []*session
	slow     bool
}

// tooLong is how many seconds may pass for something of which no figure is asked for.
const tooLong = 15

// turns lets the servers do something in turn, the first being another one in each round,
// and keeps how long it took each time. do returns how many units it was. The round before
// the first is to warm up. One that takes longer than is worth waiting for is left out from
// then on.
func (b *bench) turns(ctx context.Context, m measure, visits []*visit, do func(*visit) (units int, err error)) error {
	for n := range b.options.Rounds + 1 {
		for i := range visits {
			if ctx.Err() != nil {
				return run.ErrInterrupted
			}
			v := visits[(n+i)%len(visits)]
			if v.slow {
				continue
			}
			r, err := v.round(func() (int, error) { return do(v) })
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
			if v.slow = v.name != ours && v.name != vsftpd && r.Seconds > tooLong; v.slow {
				b.Say("%s: %s takes %.0f s, and no more turns", m.Name, v.name, r.Seconds)
			}
			if n > 0 {
				l := b.results.of(m, v.name)
				l.Rounds = append(l.Rounds, r)
			}
		}
	}
	return nil
}

// round measures something that is done with a server.
func (s *server) round(do func() (units int, err error)) (r round, err error) {
	before, err := s.cpu()
	if err != nil {
		return r, err
	}
	began := time.Now()
	if r.Units, err = do(); err != nil {
		return r, err
	}
	r.Seconds = time.Since(began).Seconds()
	after, err := s.cpu()
	r.CPU = (after - before).Seconds()
	return r, err
}

// visit opens sessions on servers, calls a function, and closes them.
func (b *bench) visit(secure bool, sessions int, fn func([]*visit) error) error {
	return b.withServers(secure, func(servers []*server) (err error) {
		return visitAll(servers, secure, sessions, habits{}, fn)
	})
}

func visitAll(servers []*server, secure bool, sessions int, client habits, fn func([]*visit) error) error {
	var visits []*visit
	defer func() {
		for _, v := range visits {
			for _, c := range v.sessions {
				c.close()
			}
		}
	}()
	for _, s := range servers {
		v := &visit{server: s}
		visits = append(visits, v)
		for range sessions {
			c, err := connect(loopback, s, clientTLS(secure))
			if err != nil {
				return err
			}
			c.habits = client
			v.sessions = append(v.sessions, c)
			if _, err := c.ask('2', "TYPE I"); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return fn(visits)
}

// download measures a large file, plain and over TLS.
func (b *bench) download(ctx context.Context) error {
	sum, err := sumOfFile(b.root + large)
	if err != nil {
		return err
	}
	for _, m := range []measure{plainDownload, secureDownload} {
		secure := m == secureDownload
		err := b.visit(secure, 1, func(visits []*visit) error {
			for _, v := range visits {
				if err := v.verify(large, sum); err != nil {
					return fmt.Errorf("%s: %w", v.name, err)
				}
				if secure {
					name, err := v.sessions[0].cipher()
					if err != nil {
						return fmt.Errorf("%s: %w", v.name, err)
					}
					b.results.Cipher = append(b.results.Cipher, cipher{v.name, name})
				}
			}
			return b.turns(ctx, m, visits, func(v *visit) (int, error) {
				return b.options.MiB, v.sessions[0].discard("RETR "+large, int64(b.options.MiB)<<20)
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// seed is that of all sums.
var seed = maphash.MakeSeed()

func sumOf(r io.Reader) (uint64, error) {
	var h maphash.Hash
	h.SetSeed(seed)
	_, err := io.CopyBuffer(&h, r, make([]byte, 256<<10))
	return h.Sum64(), err
}

func sumOfFile(path string) (uint64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	return sumOf(file)
}

// verify fetches a file and compares it.
func (v *visit) verify(path string, want uint64) error {
	return v.sessions[0].read("RETR "+path, func(r io.Reader) error {
		got, err := sumOf(r)
		if err == nil && got != want {
			err = errors.New("the content is not that of the file")
		}
		return err
	})
}

// cipher tells what protects data connections, of which a session is to be reused.
func (c *session) cipher() (name string, err error) {
	t, err := c.retrieve("RETR " + once)
	if err != nil {
		return "", err
	}
	state := t.secure.ConnectionState()
	name = fmt.Sprintf("%s, %s", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite))
	if !state.DidResume {
		name += ", session not resumed"
	}
	if _, err := t.discard(); err != nil {
		return "", err
	}
	return name, c.finish(t)
}

// files measures small files, on one connection and on eight.
func (b *bench) files(ctx context.Context) error {
	want, err := os.ReadFile(b.root + smallFile(0))
	if err != nil {
		return err
	}
	return b.visit(false, 8, func(visits []*visit) error {
		for _, v := range visits {
			err := v.sessions[0].read("RETR "+smallFile(0), func(r io.Reader) error {
				got, err := io.ReadAll(r)
				if err == nil && !bytes.Equal(got, want) {
					err = errors.New("the content is not that of the file")
				}
				return err
			})
			if err != nil {
				return fmt.Errorf("%s: %w", v.name, err)
			}
		}
		for _, m := range []measure{oneConnection, eightAtOnce} {
			sessions := 1
			if m == eightAtOnce {
				sessions = len(visits[0].sessions)
			}
			if err := b.turns(ctx, m, visits, func(v *visit) (int, error) { return b.fetchSmall(v, sessions) }); err != nil {
				return err
			}
		}
		return nil
	})
}

// fetchSmall fetches all small files, in some sessions at a time.
func (b *bench) fetchSmall(v *visit, sessions int) (files int, err error) {
	var group errgroup.Group
	for n := range sessions {
		group.Go(func() error {
			for i := n; i < b.options.Files; i += sessions {
				if err := v.sessions[n].discard("RETR "+smallFile(i), smallSize); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return b.options.Files, group.Wait()
}

// logins measures anonymous logins, one after the other: from connecting to the answer to
// PASS.
func (b *bench) logins(ctx context.Context) error {
	return b.visit(false, 0, func(visits []*visit) error {
		return b.turns(ctx, anonymous, visits, func(v *visit) (int, error) {
			logins := b.options.Logins
			if v.name != ours {
				logins /= 10
			}
			for range logins {
				c, err := connect(loopback, v.server, nil)
				if err != nil {
					return 0, err
				}
				c.close()
			}
			return logins, nil
		})
	})
}

// list measures listings of a directory.
func (b *bench) list(ctx context.Context) error {
	return b.visit(false, 1, func(visits []*visit) error {
		for _, m := range []measure{listLong, listFacts} {
			able := visits
			if m == listFacts {
				able = nil
				for _, v := range visits {
					if v.name != vsftpd { // which does not have it
						able = append(able, v)
					}
				}
			}
			for _, v := range able {
				if err := v.count(m.Name, b.options.Entries); err != nil {
					return fmt.Errorf("%s: %w", v.name, err)
				}
			}
			err := b.turns(ctx, m, able, func(v *visit) (int, error) {
				return 1, v.sessions[0].discard(m.Name+" "+entries, int64(b.options.Entries))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// count looks whether a listing has all entries.
func (v *visit) count(command string, want int) error {
	return v.sessions[0].read(command+" "+entries, func(r io.Reader) error {
		text, err := io.ReadAll(r)
		if got := bytes.Count(text, []byte("package_")); err == nil && got != want {
			err = fmt.Errorf("it has %d of %d entries", got, want)
		}
		return err
	})
}
