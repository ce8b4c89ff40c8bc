package matrix

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"

	"github.com/jlaffaye/ftp"
)

var jlaffaye = &client{
	name:    "jlaffaye/ftp",
	version: firstLine("go", "list", "-m", "-f", "{{.Version}}", "github.com/jlaffaye/ftp"),
	lacks:   lacking(onlyPassive, alwaysPret),
	relayed: lacking(lack(namesNoHost, "PRET EPSV", "PRET EPSV IPv6"), lack(ownAddress, "PRET PASV")),
	fetch: func(j *job, name string) {
		var start int64
		if j.resume {
			start = int64(len(half))
		}
		f, err := os.OpenFile(j.local(), os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			j.Fatal(err)
		}
		_, err = f.Seek(start, io.SeekStart)
		j.must(err)
		c := j.jlaffaye()
		r, err := c.RetrFrom(name, uint64(start))
		j.must(err)
		_, err = io.Copy(f, r)
		j.must(errors.Join(err, r.Close(), f.Close(), c.Quit()))
	},
	store: func(j *job, name string) {
		text, err := os.ReadFile(j.local())
		j.must(err)
		c := j.jlaffaye()
		if j.resume {
			j.must(c.StorFrom(name, bytes.NewReader(text[len(half):]), uint64(len(half))))
		} else {
			j.must(c.Stor(name, bytes.NewReader(text)))
		}
		j.must(c.Quit())
	},
	list: func(j *job, name string) (names []string) {
		c := j.jlaffaye()
		entries, err := c.List(name)
		j.must(errors.Join(err, c.Quit()))
		for _, e := range entries {
			names = append(names, e.Name)
		}
		return names
	},
	rename: func(j *job, from, to string) {
		c := j.jlaffaye()
		j.must(errors.Join(c.Rename(from, to), c.Quit()))
	},
	remove: func(j *job, name string) {
		c := j.jlaffaye()
		j.must(errors.Join(c.Delete(name), c.Quit()))
	},
}

func (j *job) jlaffaye() *ftp.ServerConn {
	j.Helper()
	text, err := os.ReadFile(j.server.trust)
	j.must(err)
	trust := &tls.Config{RootCAs: x509.NewCertPool(), ServerName: j.host(), ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	trust.RootCAs.AppendCertsFromPEM(text)
	options := []ftp.DialOption{ftp.DialWithContext(j.Context()), ftp.DialWithTimeout(patience), ftp.DialWithDisabledEPSV(j.verb == "PASV")}
	switch j.protection {
	case explicit:
		options = append(options, ftp.DialWithExplicitTLS(trust))
	case implicit:
		options = append(options, ftp.DialWithTLS(trust))
	}
	if j.at != nil { // where it does not see to TLS on data connections
		connections := 0
		options = append(options, ftp.DialWithDialFunc(func(network, addr string) (net.Conn, error) {
			conn, err := j.dial(network, addr)
			connections++
			if err == nil && (j.protection == implicit || j.protection == explicit && connections > 1) {
				conn = tls.Client(conn, trust)
			}
			return conn, err
		}))
	}
	c, err := ftp.Dial(j.address(), options...)
	j.must(err)
	j.must(errors.Join(c.Login(user, password), c.ChangeDir(j.folder)))
	return c
}

func (j *job) must(err error) {
	j.Helper()
	if err != nil {
		j.Fatal(err)
	}
}
