package link

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"mirrortracker/internal/distftp/authority"
	"mirrortracker/internal/distftp/identity"
)

// maxEnroll bounds a request to be enrolled with all its headers, in bytes.
const maxEnroll = 32 << 10

// enroll answers one request to be enrolled.
func (s *Server) enroll(ctx context.Context, conn net.Conn, addr netip.AddrPort) {
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	req, err := http.ReadRequest(bufio.NewReader(io.LimitReader(conn, maxEnroll)))
	if errors.Is(err, io.EOF) { // somebody looked whether we are here, as "ftpd slave doctor" does
		s.Log.Debug("nothing was asked at the door for slaves", "addr", addr)
		return
	}
	if err != nil {
		s.report(Refusal{Addr: addr, Reason: fmt.Errorf("enrolment: %w", err)})
		return
	}
	p, status, err := s.papers(ctx, req)
	if err != nil {
		s.report(Refusal{Addr: addr, Reason: fmt.Errorf("enrolment: %w", err)})
		answer(conn, status, "text/plain; charset=utf-8", err.Error())
		return
	}
	text, err := json.Marshal(p)
	if err != nil {
		panic("link: internal error: " + err.Error())
	}
	s.Log.Info("slave enrolled", "slave", p.Name, "addr", addr)
	answer(conn, http.StatusOK, "application/json", string(text))
}

// papers does what is asked.
func (s *Server) papers(ctx context.Context, req *http.Request) (p identity.Papers, status int, err error) {
	if req.Method != http.MethodPost || req.URL.Path != identity.EnrollPath {
		return p, http.StatusNotFound, errors.New("there is nothing here but POST " + identity.EnrollPath)
	}
	var q identity.Request
	if err := json.NewDecoder(req.Body).Decode(&q); err != nil {
		return p, http.StatusBadRequest, err
	}
	p, err = s.Authority.Enroll(ctx, q)
	for _, known := range []error{authority.ErrToken, authority.ErrExpired, authority.ErrUsed} {
		if errors.Is(err, known) {
			return p, http.StatusForbidden, known
		}
	}
	if err != nil {
		return p, http.StatusServiceUnavailable, err
	}
	p.Masters, err = s.doors(ctx)
	return p, http.StatusServiceUnavailable, err
}

// answer answers, and waits until the slave has it.
func answer(conn net.Conn, status int, kind, text string) {
	res := http.Response{
		StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Close: true,
		Header: http.Header{"Content-Type": {kind}}, ContentLength: int64(len(text)), Body: io.NopCloser(strings.NewReader(text)),
	}
	if res.Write(conn) == nil {
		if c, ok := conn.(interface{ CloseWrite() error }); ok {
			_ = c.CloseWrite()
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Second))
		_, _ = io.Copy(io.Discard, io.LimitReader(conn, maxEnroll))
	}
}
