package distftp_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// pathCommands are all commands that take a path, which stands for %s.
var pathCommands = []string{
	"CWD %s", "SIZE %s", "MDTM %s", "MLST %s", "STAT %s", "RETR %s", "LIST %s", "NLST %s", "MLSD %s", "HASH %s", "XSHA256 %s", `XCRC "%s" 0 1`, "AVBL %s",
	"PRET RETR %s", "STOR %s", "APPE %s", "STOU %s", "DELE %s", "RMD %s", "MKD %s", "RNFR %s", "RNFR inside\r\nRNTO %s", "MFMT 20200101000000 %s",
	"SITE CHMOD 777 %s", "SITE UTIME 20200101000000 %s", "SITE CPFR %s", "SITE CPFR inside\r\nSITE CPTO %s", "SITE SYMLINK inside %s", "SITE SYMLINK %s link",
}

// No path in any command leads out of the folder, be it by its letters or by links.
func TestConfined(t *testing.T) {
	above := plant(t, t.TempDir(), map[string]string{
		"secret/file":       "secret",
		"served/inside":     "inside",
		"served/absolute":   "-> " + "/etc",
		"served/relative":   "-> ../secret",
		"served/chain":      "-> sub/first",
		"served/sub/first":  "-> second",
		"served/sub/second": "-> ../../secret",
		"served/a":          "-> b",
		"served/b":          "-> a",
		"served/self":       "-> .",
	})
	touched := func() string {
		var all []string
		for _, name := range everything(t, filepath.Join(above, "secret")) {
			info, err := os.Lstat(filepath.Join(above, "secret", name))
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprint(name, info.Size(), info.Mode(), info.ModTime()))
		}
		return strings.Join(all, " ")
	}
	before := touched()
	c := login(t, serveWritable(t, filepath.Join(above, "served")))
	c.do("TYPE I", "200")
	for _, path := range []string{
		"../secret/file", "/../secret/file", "sub/../../secret/file", "....//secret/file", "..\\secret\\file", "%2e%2e/secret/file", "~/../secret/file", "~root/file",
		"\xc0\xae\xc0\xae/secret/file", "absolute/passwd", "absolute", "relative/file", "relative", "chain/file", "chain", "a/file", "a",
		above + "/secret/file", "/etc/passwd", strings.Repeat("../", 500) + "etc/passwd", strings.Repeat("self/", 300) + "relative/file",
		strings.Repeat("x", 255) + "/../../secret/file", strings.Repeat("x", 256), strings.Repeat("y/", 2020), "caf\xe9/../../secret/file",
		"file\x00/../../secret/file", "x\r/../../secret/file", "\x00", ".ftpd-upload-x", "sub/.ftpd-upload-x/y",
	} {
		for _, command := range pathCommands {
			if path == "absolute" || path == "relative" || path == "chain" || path == "a" {
				// The links themselves may be looked at, renamed and deleted.
				if verb := command[:4]; verb == "DELE" || verb == "RNFR" || verb == "STOR" || verb == "APPE" || strings.Contains(command, "CPTO") {
					continue
				}
			}
			first, line, two := strings.Cut(fmt.Sprintf(command, path), "\r\n")
			if !two || strings.ContainsAny(path, "\r") {
				first, line = "NOOP", fmt.Sprintf(strings.ReplaceAll(command, "\r\n", " "), path)
			}
			c.send(first)
			c.reply()
			data := c.passive()
			c.send(line)
			got := c.reply()
			if strings.HasPrefix(got, "150") {
				data.(interface{ CloseWrite() error }).CloseWrite()
				b, _ := io.ReadAll(data)
				got += string(b) + c.reply()
			}
			data.Close()
			if strings.Contains(got, "secret\r\n") && strings.HasPrefix(line, "RETR") || strings.Contains(got, "root:") || strings.Contains(got, "sshd") {
				t.Errorf("%.80q shows what is outside: %q", line, got)
			}
			c.do("CWD /", "250")
		}
	}
	if after := touched(); after != before {
		t.Errorf("outside of the folder was %q, is %q", before, after)
	}
	for _, name := range everything(t, above) {
		if strings.Contains(name, "\r") || strings.Contains(name, "\x00") {
			t.Errorf("a name with a control character: %q", name)
		}
	}
}

// A directory that is swapped again and again for a link that leads out never lets a
// client out.
func TestSwappedForLink(t *testing.T) {
	above := plant(t, t.TempDir(), map[string]string{
		"secret/file":      "secret",
		"served/dir/file":  "inside",
		"served/sub/keep":  "x",
		"served/link":      "-> ../secret",
		"served/upload/in": "x",
	})
	served := filepath.Join(above, "served")
	ctx, stop := context.WithCancel(t.Context())
	var swapping sync.WaitGroup
	defer swapping.Wait()
	defer stop()
	swapping.Go(func() {
		dir, link, aside := filepath.Join(served, "dir"), filepath.Join(served, "link"), filepath.Join(served, "aside")
		for ctx.Err() == nil {
			// The error of one step makes those of others, until all are right again.
			os.Rename(dir, aside)
			os.Rename(link, dir)
			os.Rename(dir, link)
			os.Rename(aside, dir)
		}
	})
	addr := serveWritable(t, served)
	var clients sync.WaitGroup
	for i := range 4 {
		clients.Go(func() {
			c := login(t, addr)
			c.do("TYPE I", "200")
			for n := range 100 {
				for _, line := range []string{"RETR dir/file", "LIST dir", fmt.Sprintf("STOR dir/new%d-%d", i, n), "APPE dir/file"} {
					data := c.passive()
					c.send(line)
					if got := c.reply(); strings.HasPrefix(got, "150") {
						data.(interface{ CloseWrite() error }).CloseWrite()
						if b, _ := io.ReadAll(data); strings.Contains(string(b), "secret") && !strings.Contains(string(b), "-> ../secret") {
							t.Errorf("%s: %q", line, b)
						}
						c.reply()
					}
					data.Close()
				}
				c.send("SIZE dir/file")
				c.reply()
				c.send(fmt.Sprintf("DELE dir/new%d-%d", i, n))
				c.reply()
				c.send("SITE CHMOD 600 dir/file")
				c.reply()
			}
		})
	}
	clients.Wait()
	if got := everything(t, filepath.Join(above, "secret")); len(got) != 1 || content(t, above, "secret/file") != "secret" {
		t.Errorf("outside are %q", got)
	}
	if info, err := os.Stat(filepath.Join(above, "secret/file")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("outside: %v, %v", info.Mode(), err)
	}
}

// An upload under way is nobody's to see, fetch, rename or delete, nor does it keep a
// name, however long, from being used.
func TestUploadsHidden(t *testing.T) {
	dir := t.TempDir()
	addr := serveWritable(t, dir)
	c, other := login(t, addr), login(t, addr)
	long := strings.Repeat("n", 255)
	data := c.passive()
	c.do("STOR "+long, "150")
	if _, err := io.WriteString(data, "half"); err != nil {
		t.Fatal(err)
	}
	names := everything(t, dir)
	if len(names) != 1 || !strings.HasPrefix(names[0], ".ftpd-upload-") {
		t.Fatalf("the folder holds %q", names)
	}
	for _, verb := range []string{"DELE ", "RNFR ", "RETR ", "SIZE ", "MLST ", "APPE ", "STOR ", "SITE CPFR ", "SITE CHMOD 777 ", "MFMT 20200101000000 ", "HASH ", "MKD ", "CWD "} {
		other.passive()
		other.do(verb+names[0], "5")
	}
	for _, line := range []string{"LIST -a", "NLST -a", "MLSD", "LIST -a .ftpd*", "NLST *", "LIST -R"} {
		data := other.passive()
		other.send(line)
		if got := other.reply(); !strings.HasPrefix(got, "150") {
			continue
		}
		b, _ := io.ReadAll(data)
		other.reply()
		if strings.Contains(string(b), "upload") {
			t.Errorf("%s shows %q", line, b)
		}
	}
	data.Close()
	c.want("226")
	if got := content(t, dir, long); got != "half" {
		t.Errorf("content %q", got)
	}
	// Offsets behind the end make no holes, however large.
	c.do("TYPE I", "200")
	for _, offset := range []string{"5", "9223372036854775807"} {
		c.do("REST "+offset, "350")
		c.passive()
		c.do("STOR "+long, "554")
	}
	for _, offset := range []string{"9223372036854775808", "-1", "1e9", "99999999999999999999999999"} {
		c.do("REST "+offset, "501")
	}
}

// Two that append to one file at the same time do not lose a byte of what was
// acknowledged.
func TestAppendRace(t *testing.T) {
	dir := plant(t, t.TempDir(), map[string]string{"log": ""})
	addr := serveWritable(t, dir)
	var appending sync.WaitGroup
	var mu sync.Mutex
	kept := map[string]bool{}
	for i := range 4 {
		appending.Go(func() {
			c := login(t, addr)
			c.do("TYPE I", "200")
			for n := range 25 {
				word := fmt.Sprintf("<%d-%d>", i, n)
				data := c.passive()
				c.do("APPE log", "150")
				io.WriteString(data, word)
				data.Close()
				if got := c.reply(); strings.HasPrefix(got, "226") {
					mu.Lock()
					kept[word] = true
					mu.Unlock()
				} else if !strings.HasPrefix(got, "450") {
					t.Errorf("%s: %q", word, got)
				}
			}
		})
	}
	appending.Wait()
	got := content(t, dir, "log")
	total := 0
	for word := range kept {
		total += len(word)
		if strings.Count(got, word) != 1 {
			t.Errorf("%s was acknowledged, the file holds %q", word, got)
		}
	}
	if len(got) != total || total == 0 {
		t.Errorf("the file has %d bytes, %d were acknowledged", len(got), total)
	}
}
