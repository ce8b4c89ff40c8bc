package distftp_test

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
	"mirrortracker/internal/testbed"
)

// Clients that others wrote, under TLS, which verify the certificate of control and data
// connections. The servers are strict: explicit and implicit TLS, and, where the client
// can do that, every data connection must resume the control connection's session.
func TestTLSClients(t *testing.T) {
	p := newProtected(t)
	dir := awkwardSite(t)
	trust := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(trust, p.PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	protection := p.tls()
	protection.RequireControl, protection.RequireData = true, true
	lenient := distftp.Config{FS: openFolder(t, dir), TLS: protection, Access: control.ReadWrite}
	strict := lenient
	reuse := *protection
	reuse.RequireReuse = true
	strict.TLS = &reuse
	reused := serveDoors(t, strict, control.Door{}, control.Door{Implicit: true})
	open := serve(t, lenient)
	content := bytes.Repeat([]byte("what is uploaded\n"), 50_000)
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, content, 0o644); err != nil {
		t.Fatal(err)
	}
	uploaded := func(t *testing.T, name string) {
		t.Helper()
		sameFile(t, source, filepath.Join(dir, name))
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	for name, base := range map[string]string{"explicit": "ftp://" + reused[0], "implicit": "ftps://" + reused[1]} {
		t.Run("curl "+name, func(t *testing.T) {
			got := filepath.Join(t.TempDir(), "got")
			run(t, "curl", "-sS", "--fail", "--max-time", "30", "--ssl-reqd", "--cacert", trust, "-o", got, base+"/files/plain",
				"-o", got, base+"/files/%2541")
			sameFile(t, filepath.Join(dir, "files", "%41"), got)
			run(t, "curl", "-sS", "--fail", "--max-time", "30", "--ssl-reqd", "--cacert", trust, "-T", source, base+"/new-curl")
			uploaded(t, "new-curl")
		})
		t.Run("lftp "+name, func(t *testing.T) {
			out := t.TempDir()
			run(t, "lftp", "--norc", "-c", "set net:max-retries 2; set net:timeout 20; set dns:order inet; "+
				"set ftp:charset ISO-8859-1; set file:charset ISO-8859-1; set ftp:use-utf8 no; "+
				"set ssl:ca-file "+trust+"; set ssl:verify-certificate yes; set ftp:ssl-force yes; set ftp:ssl-allow-anonymous yes; set ftp:ssl-protect-data yes; "+
				"set cmd:fail-exit yes; open "+base+"; mirror / "+out+"; put "+source+" -o new-lftp")
			uploaded(t, "new-lftp")
			sameTree(t, dir, out)
		})
	}
	for name, python := range map[string]struct{ addr, class string }{
		"as it is": {open, "ftplib.FTP_TLS"},
		"reusing":  {reused[0], "Reusing"},
	} {
		t.Run("ftplib "+name, func(t *testing.T) {
			host, port, _ := net.SplitHostPort(python.addr)
			got := filepath.Join(t.TempDir(), "got")
			run(t, "python3", "-c", fmt.Sprintf(ftplibStory, trust, python.class, host, port, source, got))
			uploaded(t, "new-ftplib")
			sameFile(t, filepath.Join(dir, "files", "%41"), got)
		})
	}
	t.Run("openssl s_client", func(t *testing.T) {
		openssl := testbed.Need(t, "openssl")
		for _, args := range []string{"-starttls ftp -connect " + reused[0], "-connect " + reused[1]} {
			out := run(t, "sh", "-c", "printf 'QUIT\\r\\n' | "+openssl+" s_client -quiet -verify_return_error -CAfile "+trust+" "+args)
			if !strings.Contains(string(out), "221 ") {
				t.Errorf("%s: %q", args, out)
			}
		}
	})
}

const ftplibStory = `
import ftplib, ssl
class Reusing(ftplib.FTP_TLS):
    def ntransfercmd(self, cmd, rest=None):
        conn, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        return self.context.wrap_socket(conn, server_hostname=self.host, session=self.sock.session), size
context = ssl.create_default_context(cafile=%q)
ftp = %s(context=context, timeout=20, encoding="latin-1")
ftp.connect(%q, %s)
ftp.login()
ftp.prot_p()
assert "files/plain" in ftp.nlst("files")
ftp.storbinary("STOR new-ftplib", open(%q, "rb"))
ftp.retrbinary("RETR files/%%41", open(%q, "wb").write)
ftp.quit()
`
