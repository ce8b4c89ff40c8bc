package distftp_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"mirrortracker/internal/distftp"
	"mirrortracker/internal/distftp/control"
)

// A client that may do so has one server send a file to the other.
func TestFromServerToServer(t *testing.T) {
	content := strings.Repeat("from server to server\n", 10_000)
	for _, c := range []struct {
		name  string
		setup string
	}{
		{"plain", "set ftp:ssl-allow no"},
		{"under TLS", "set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ftp:ssl-protect-fxp yes"},
		{"under TLS, the other way round", "set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ftp:ssl-protect-fxp yes; set ftp:fxp-passive-source yes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			from, to := t.TempDir(), t.TempDir()
			plant(t, from, map[string]string{"file": content})
			source, target := serveFXP(t, "127.0.0.2", from), serveFXP(t, "127.0.0.3", to)
			run(t, "lftp", "-c", fmt.Sprintf(
				"set net:max-retries 1; set net:timeout 10; set ssl:verify-certificate no; set ftp:use-fxp yes; set ftp:fxp-force yes; %s; get ftp://ann:secret@%s/file -o ftp://ann:secret@%s/copy",
				c.setup, source, target))
			if got := readFile(t, filepath.Join(to, "copy")); got != content {
				t.Errorf("%d of %d bytes came", len(got), len(content))
			}
		})
	}
}

// serveFXP serves a folder at an address to ann, who may write and name other hosts.
func serveFXP(t *testing.T, host, dir string) string {
	t.Helper()
	return serveAt(t, host, distftp.Config{
		FS:            openFolder(t, dir),
		Authenticator: &users{accounts: map[string]control.Account{"ann:secret": {Access: control.ReadWrite, Foreign: true}}},
		TLS:           newProtected(t).tls(),
	})
}
