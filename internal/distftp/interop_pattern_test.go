package distftp_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mirrortracker/internal/testbed"
)

// Clients fetch what matches a pattern, some by having the server find it.
func TestPatternsOfClients(t *testing.T) {
	addr := serveDir(t, forest(t))
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	for client, command := range map[string]string{
		"tnftp":         `printf 'prompt off\nmget ?.txt sub/*.txt\n' | exec "$0" -n -a -p "ftp://$1:$2/"`,
		"inetutils-ftp": `printf 'open %s %s\nuser ftp x\nprompt\nmget ?.txt sub/*.txt\n' "$1" "$2" | exec "$0" -n -p`,
		"ncftpget":      `exec "$0" -P "$2" "$1" . '/?.txt' '/sub/*.txt'`,
		"lftp":          `exec "$0" -c "open ftp://$1:$2; mget ?.txt sub/*.txt"`,
	} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			into := t.TempDir()
			if err := os.Mkdir(filepath.Join(into, "sub"), 0o755); err != nil {
				t.Fatal(err)
			}
			run(t, "sh", "-c", "cd '"+into+"' && "+command, testbed.Need(t, client), host, port)
			if err := os.Rename(filepath.Join(into, "x.txt"), filepath.Join(into, "sub", "x.txt")); err != nil && !os.IsNotExist(err) {
				t.Fatal(err) // some leave the directory away
			}
			got := everything(t, into)
			if want := []string{"a.txt", "b.txt", "sub", "sub/x.txt"}; !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}
