package abroad

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mirrortracker/internal/ftpconn/ftpscript"
	"mirrortracker/internal/testbed"
)

// The password of a foreign server is in nothing that anybody can read: no reply, no list,
// no log, no database, nothing that the database is told; not even where the server repeats
// it.
func TestPasswords(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		c := testbed.StartCluster(t, testbed.ClusterConfig{Folder: testbed.Dir(t), User: user, Password: password})
		keepSecret(t, c, filepath.Dir(c.Masters[0].Dir), "ftpd.db")
	})
	t.Run("MariaDB, two masters", func(t *testing.T) {
		t.Parallel()
		database := testbed.StartMariaDB(t)
		database.Record(t)
		keepSecret(t, pair(t, database), filepath.Dir(database.Socket), testbed.MariaDBRecord, "ib_logfile0")
	})
}

// secret is the password of a foreign server.
const secret = "hunter2-Tr0ub4dor"

// keepSecret does all that has to do with it, and looks for it in what the masters say and
// write, and in the folder of their database. There the files that are named speak of the
// foreign server.
func keepSecret(t *testing.T, c *testbed.Cluster, database string, telling ...string) {
	files := map[string]ftpscript.File{"/pub/file": {Content: string(version(first, 1000)), Modified: modified}}
	well := ftpscript.Start(t, ftpscript.Mirror(files))
	ill := ftpscript.Start(t, ftpscript.Script{"PASS": ftpscript.Say("530-I do not know "+secret, "530 so go")})
	var said strings.Builder
	tell := func(text string, err error) {
		said.WriteString(text + "\n")
		if err != nil {
			said.WriteString(err.Error() + "\n")
		}
	}
	for i, m := range c.Masters {
		admin, err := testbed.DialFTP(nil, m.FTP(), user, password)
		if err != nil {
			t.Fatal(err)
		}
		defer admin.Close()
		site := func(command string) {
			text, err := admin.Do(2, "SITE %s", command)
			tell(text, reply(err))
		}
		if i == 0 {
			arrange(t, admin, site, map[string]string{"/well": well.Addr, "/ill": ill.Addr})
		}
		seen(t, admin, "SITE DIRMIRROR /pub", "1", true)
		for range 4 {
			if _, err := admin.Fetch("RETR /pub/file"); err != nil {
				t.Error(err)
			}
		}
		for _, command := range []string{"REMOTE ALIASES", "REMOTE ALIAS /ill", "REMOTE MIRRORS", "REMOTE CONNECTIONS", "DIRMIRROR /pub", "EXPLAIN /pub/file", "REMOTE DISCONNECT /well"} {
			site(command)
		}
		_, err = admin.Fetch("LIST /ill")
		tell("", reply(err))
	}
	if well.Count("PASS "+secret) == 0 || ill.Count("PASS "+secret) == 0 {
		t.Errorf("the servers were told %q and %q", well.Commands(), ill.Commands())
	}
	for _, args := range [][]string{{"mirror", "aliases"}, {"mirror", "aliases", "--json"}, {"mirror", "mirrors", "--json"}, {"mirror", "alias", "/well"}, {"doctor"}} {
		out, err := c.Command(args...)
		tell(string(out), err)
	}

	places := map[string][]byte{"what ftpd says": []byte(said.String())}
	for _, folder := range []string{filepath.Dir(c.Masters[0].Dir), database} {
		readAll(t, folder, places)
	}
	for _, m := range c.Masters {
		telling = append(telling, filepath.Join(m.Name, "log"))
	}
	for _, name := range telling {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(places)), func(where string) bool {
			return strings.Contains(where, "/"+name) && bytes.Contains(places[where], []byte("/well"))
		}) {
			t.Errorf("no %s speaks of the server", name)
		}
	}
	coded := hex.EncodeToString([]byte(secret))
	for where, text := range places {
		for _, form := range []string{secret, coded, strings.ToUpper(coded), base64.StdEncoding.EncodeToString([]byte(secret))} {
			if i := bytes.Index(text, []byte(form)); i >= 0 {
				t.Errorf("%s has the password: %q", where, text[max(i-200, 0):i])
			}
		}
	}
}

// reply is the server's part of an error, which may have the command, too.
func reply(err error) error {
	if refused := (*textproto.Error)(nil); errors.As(err, &refused) {
		return refused
	}
	return nil
}

// arrange sets up a mirrored directory, with commands that have the password.
func arrange(t *testing.T, admin *testbed.FTPClient, site func(command string), away map[string]string) {
	t.Helper()
	if _, err := admin.Do(257, "MKD /pub"); err != nil {
		t.Fatal(err)
	}
	if err := admin.Store("STOR /pub/file", version(local, 1000)); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Do(213, "MFMT %s /pub/file", modified.Format("20060102150405")); err != nil {
		t.Fatal(err)
	}
	for alias, addr := range away {
		host, port, _ := strings.Cut(addr, ":")
		site("REMOTE ADDALIAS " + alias + " " + host + " " + port + " somebody " + secret + " /")
		site("REMOTE CHANGE " + alias + " PASS " + secret)
		site("REMOTE ALIAS " + alias)
		site("REMOTE ADDMIRROR 1 1 " + alias)
	}
	site("REMOTE ADDALIAS /twice " + secret) // what is wrong is told without it
	site("REMOTE CHANGE /nowhere PASS " + secret)
	site("DIRMIRROR 1 /pub")
}

// readAll reads all files below a folder.
func readAll(t *testing.T, folder string, contents map[string][]byte) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			contents[path], err = os.ReadFile(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a database has files that come and go
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
