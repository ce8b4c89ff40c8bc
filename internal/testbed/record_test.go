package testbed

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var record = flag.String("record", "", "folder to write recorded listings to; see TestRecord")

// recorded are the folders of the test tree whose listings are worth keeping, with the
// names that their files get.
var recorded = []struct{ dir, label string }{
	{"/", "root"},
	{"/pub", "pub"},
	{"/pub/empty", "empty"},
	{"/pub/dates", "dates"},
	{"/names", "names"},
	{"/folders", "folders"},
	{"/links", "links"},
	{"/control", "control"},
	{"/huge", "huge"},
	{"/pub/locked", "locked"},
	{"/pub/locked/enter-only", "refused"},
}

// TestRecord writes what real servers answer, byte by byte, for the tests of the parser:
//
//	go test ./internal/testbed -run TestRecord -record DIR
//
// makes, in DIR, the files SERVER.FOLDER.COMMAND.txt, where FOLDER is a label from
// recorded. LIST and MLSD files hold the bytes of the data connection, STAT files and
// all files with the ending ".reply" those of the control connection. SERVER-kolkata is
// the server with its times in Asia/Kolkata. FOLDER.truth says, in Go's quotes, what is
// really there: type, size, modification time, name, target of a link. The file "now"
// holds the time of the recording.
func TestRecord(t *testing.T) {
	if *record == "" {
		t.Skip("records listings when asked to with -record DIR")
	}
	if err := os.MkdirAll(*record, 0o755); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	root := Dir(t)
	WriteTree(t, root, Full&^Crowd|Locked|Control, now)
	write(t, "now", now.Format(time.RFC3339)+"\n")
	for _, folder := range recorded {
		write(t, folder.label+".truth", truth(t, filepath.Join(root, folder.dir)))
	}
	for _, kind := range FTPServers() {
		recordServer(t, kind, kind, FTPConfig{Root: root, Recurse: true})
		recordServer(t, kind, kind+"-kolkata", FTPConfig{Root: root, TZ: "Asia/Kolkata", LocalTimes: true}, "dates")
	}
	for _, kind := range []string{"proftpd", "pure-ftpd"} {
		recordServer(t, kind, kind+"-truncated", FTPConfig{Root: root, MaxEntries: 10}, "dates")
	}
}

// recordServer records the folders with the given labels, or all.
func recordServer(t *testing.T, kind, label string, cfg FTPConfig, only ...string) {
	s := StartFTP(t, kind, cfg)
	c := dial(t, s)
	write(t, label+".feat.reply", c.do("FEAT"))
	for _, folder := range recorded {
		if len(only) > 0 && folder.label != only[0] {
			continue
		}
		if r := c.do("CWD " + folder.dir); !strings.HasPrefix(r, "250") {
			t.Fatalf("%s: CWD %s: %s", kind, folder.dir, r)
		}
		name := label + "." + folder.label
		for _, command := range []string{"LIST -a", "LIST", "MLSD"} {
			data, reply := c.list(command)
			file := name + "." + fileName(command)
			write(t, file+".txt", data)
			write(t, file+".reply", reply)
		}
		for _, command := range []string{"STAT .", "STAT -a ."} {
			write(t, name+"."+fileName(command)+".txt", c.do(command))
		}
	}
	if len(only) == 0 {
		c.do("CWD /")
		data, reply := c.list("LIST -alR")
		write(t, label+".root.list-alR.txt", data)
		write(t, label+".root.list-alR.reply", reply)
	}
	s.Stop()
}

// fileName turns "LIST -a" into "list-a" and "STAT -a ." into "stat-a".
func fileName(command string) string {
	verb, argument, _ := strings.Cut(command, " ")
	return strings.ToLower(verb) + strings.TrimRight(argument, " .")
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(*record, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// truth describes a folder, one line for each entry.
func truth(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		kind, target := "f", ""
		switch {
		case info.IsDir():
			kind = "d"
		case info.Mode()&os.ModeSymlink != 0:
			kind = "l"
			if target, err = os.Readlink(filepath.Join(dir, entry.Name())); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintf(&all, "%s %d %s %q %q\n",
			kind, info.Size(), info.ModTime().UTC().Format(time.RFC3339), entry.Name(), target)
	}
	return all.String()
}
