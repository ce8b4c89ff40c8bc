package abroad

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mirrortracker/internal/ftpconn/ftpscript"
)

// The password of a foreign server is in nothing that anybody can read: no reply, no list,
// no log, no database; not even where the server repeats it.
func TestPasswords(t *testing.T) {
	const secret = "hunter2-Tr0ub4dor"
	w := newWorld(t, alone)
	abroad := w.host(t, "88.1.1.1", "2a00:88::1")
	w.store(t, "/pub", "file", version(local, 1000))
	script := ftpscript.Mirror(map[string]ftpscript.File{"/pub/file": {Content: string(version(first, 1000)), Modified: modified}})
	well := ftpscript.StartAt(t, abroad.Do, "88.1.1.1:0", script)
	ill := ftpscript.StartAt(t, abroad.Do, "88.1.1.1:0", ftpscript.Script{
		"PASS": ftpscript.Say("530-I do not know "+secret, "530 so go"),
	})
	var said strings.Builder
	site := func(command string) {
		text, err := w.admin.Do(2, "SITE %s", command)
		said.WriteString(text + "\n")
		if refused := (*textproto.Error)(nil); errors.As(err, &refused) {
			said.WriteString(refused.Error() + "\n")
		}
	}
	for alias, s := range map[string]*ftpscript.Server{"/well": well, "/ill": ill} {
		host, port, _ := strings.Cut(s.Addr, ":")
		site("REMOTE ADDALIAS " + alias + " " + host + " " + port + " somebody " + secret + " /")
		site("REMOTE CHANGE " + alias + " PASS " + secret)
		site("REMOTE ALIAS " + alias)
		site("REMOTE ADDMIRROR 1 1 " + alias)
	}
	site("REMOTE ADDALIAS /twice " + secret) // what is wrong is told without it
	site("REMOTE CHANGE /nowhere PASS " + secret)
	site("DIRMIRROR 1 /pub")
	for range 4 {
		if _, err := w.admin.Fetch("RETR /pub/file"); err != nil {
			t.Error(err)
		}
	}
	for _, command := range []string{"REMOTE ALIASES", "REMOTE MIRRORS", "REMOTE CONNECTIONS", "DIRMIRROR /pub", "EXPLAIN /pub/file", "REMOTE DISCONNECT /well"} {
		site(command)
	}
	if well.Count("PASS "+secret) == 0 || ill.Count("PASS "+secret) == 0 {
		t.Errorf("the servers were told %q and %q", well.Commands(), ill.Commands())
	}
	w.admin.Fetch("LIST /ill")
	for _, args := range [][]string{{"mirror", "aliases"}, {"mirror", "aliases", "--json"}, {"mirror", "mirrors", "--json"}, {"mirror", "alias", "/well"}, {"doctor"}} {
		out, err := w.cluster.Command(args...)
		said.Write(out)
		if err != nil {
			said.WriteString(err.Error())
		}
	}

	places := map[string][]byte{"what ftpd says": []byte(said.String())}
	err := filepath.WalkDir(filepath.Dir(w.cluster.Masters[0].Dir), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			places[filepath.Base(path)], err = os.ReadFile(path) // the database, its write-ahead log, the key, the log
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for _, name := range []string{"ftpd.db", "log"} {
		if len(places[name]) == 0 {
			t.Errorf("there is no %s", name)
		}
	}
	for where, text := range places {
		for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))} {
			if i := bytes.Index(bytes.ToLower(text), bytes.ToLower([]byte(form))); i >= 0 {
				t.Errorf("%s has the password: %q", where, text[max(i-200, 0):i])
			}
		}
	}
}
